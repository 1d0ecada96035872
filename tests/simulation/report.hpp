#pragma once
// What a simulated year came to: a table for people, and what had to hold.
#include "tests/simulation/world.hpp"

#include <string>
#include <vector>

namespace evercert::simulation {

/// One thing that had to hold.
struct check {
    std::string what;
    bool passed = false;
};

struct report {
    std::vector<check> checks;
    std::string table;
    [[nodiscard]] bool passed() const;
};

report report_year(const world& year);
report report_onboarding(const world& year);

} // namespace evercert::simulation
