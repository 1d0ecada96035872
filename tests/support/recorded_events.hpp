#pragma once
// Keeps what was emitted, so that tests can assert it.
#include "core/ports/event_sink.hpp"

#include <algorithm>
#include <vector>

namespace evercert::testing {

class recorded_events : public event_sink {
public:
    void emit(const event& what) override { all.push_back(what); }
    [[nodiscard]] std::size_t count(std::string_view id) const {
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [&](const event& e) { return e.id == id; }));
    }
    [[nodiscard]] const event* last(std::string_view id) const {
        const auto found = std::find_if(all.rbegin(), all.rend(), [&](const event& e) { return e.id == id; });
        return found == all.rend() ? nullptr : &*found;
    }

    std::vector<event> all;
};

} // namespace evercert::testing
