#include "solvers/dns_persist01/standing_trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr auto soon = std::chrono::days(30);
constexpr auto pressing = std::chrono::days(7);

bool absent(const standing_report& one) {
    return one.state == to_string(standing::missing) || one.state == to_string(standing::unfit);
}

bool ends_too_soon(const standing_report& one, std::optional<wall_time> next_renewal, wall_time now) {
    return one.until && (*one.until <= now + soon || (next_renewal && *one.until <= *next_renewal));
}

std::string subject(const standing_report& one) {
    return fmt::format("the standing record of {}{} for {}, at {},", one.name,
                       one.wildcard ? fmt::format(" and *.{}", one.name) : "", one.issuer, one.record);
}

std::string words_absent(const standing_report& one) {
    return fmt::format("{} {}: {}; publish this line in its zone: {}", subject(one),
                       one.state == to_string(standing::missing) ? "is missing" : "does not fit", one.problem,
                       one.line);
}

std::string words_ending(const standing_report& one, std::optional<wall_time> next_renewal, wall_time now) {
    const std::string before =
        next_renewal && *one.until <= *next_renewal
            ? fmt::format(", before the next renewal at {}", format_time(*next_renewal))
            : "";
    return fmt::format("{} ends at {} (in {}){}: publish it with a later persistUntil, or without one: {}",
                       subject(one), format_time(*one.until), format_duration(*one.until - now), before,
                       one.line);
}

} // namespace

std::optional<standing_trouble> find_trouble(const std::vector<standing_report>& reports,
                                             std::optional<wall_time> next_renewal, wall_time now) {
    standing_trouble found;
    const standing_report* first = nullptr;
    found.ending = std::ranges::none_of(reports, absent);
    for (const standing_report& one : reports) {
        const bool is_absent = absent(one);
        if (!is_absent && !ends_too_soon(one, next_renewal, now)) {
            continue;
        }
        const bool presses =
            is_absent ? next_renewal && *next_renewal <= now + pressing : *one.until <= now + pressing;
        found.level = presses ? severity::error : found.level;
        found.keys.push_back(fmt::format("{} {} {} {}", one.record, one.issuer, one.state, presses));
        if (first == nullptr || (is_absent && !absent(*first))) {
            first = &one; // what is not there goes before what will not be
        }
    }
    if (first == nullptr) {
        return std::nullopt;
    }
    std::ranges::sort(found.keys);
    found.record = first->record;
    found.message = found.ending ? words_ending(*first, next_renewal, now) : words_absent(*first);
    if (found.keys.size() > 1) {
        found.message +=
            fmt::format("; and {} more, which 'evercert dns-record' shows", found.keys.size() - 1);
    }
    return found;
}

bool all_seen(const std::vector<standing_report>& reports) {
    return std::ranges::all_of(reports, [](const standing_report& one) {
        return one.state != "unknown" && one.state != to_string(standing::unseen);
    });
}

} // namespace evercert::solvers
