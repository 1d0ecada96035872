#pragma once
// What is wrong with the standing records of one certificate, and how loudly that is said. Pure.
#include "core/base/event.hpp"
#include "solvers/dns_persist01/standing_report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace evercert::solvers {

struct standing_trouble {
    severity level = severity::warning;
    bool ending = false; ///< all are there, and at least one will end
    /// One for each record concerned, sorted: the same for as long as nothing but the wording changes (which
    /// server answered this time).
    std::vector<std::string> keys;
    std::string message;
    std::string record; ///< the first that it is about

    friend bool operator==(const standing_trouble&, const standing_trouble&) = default;
};

/// nullopt: nothing is wrong with what could be seen. A record ends too soon when it does so within 30 days
/// or before the next renewal; it is an error within the last 7 days, and so is a missing one when the
/// renewal is as near as that.
std::optional<standing_trouble> find_trouble(const std::vector<standing_report>& reports,
                                             std::optional<wall_time> next_renewal, wall_time now);

/// Whether all of it could be seen: what is known to be wrong stays so otherwise.
bool all_seen(const std::vector<standing_report>& reports);

} // namespace evercert::solvers
