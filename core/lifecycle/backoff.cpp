#include "core/lifecycle/backoff.hpp"

#include <algorithm>
#include <array>

namespace evercert::lifecycle {

milliseconds backoff(unsigned failures, problem_class kind, milliseconds at_least, random_source& random) {
    // Let's Encrypt's integration guide. A table, not a multiplication: what cannot be computed cannot
    // overflow.
    constexpr std::array<milliseconds, 4> ladder{std::chrono::minutes(1), std::chrono::minutes(10),
                                                 std::chrono::minutes(100), std::chrono::hours(24)};
    const bool slow = kind == problem_class::daily || kind == problem_class::never;
    const std::size_t rung =
        slow ? ladder.size() - 1 : std::min<std::size_t>(failures > 0 ? failures - 1 : 0, ladder.size() - 1);
    const milliseconds base = std::clamp(std::max(ladder[rung], at_least), shortest_backoff, longest_backoff);
    return std::min(base + milliseconds(random.between(0, base.count() / 10)), longest_backoff);
}

milliseconds slow_pace(milliseconds taken, milliseconds asked) {
    const milliseconds own =
        std::clamp<milliseconds>(taken / 2, std::chrono::minutes(1), std::chrono::hours(1));
    return std::clamp<milliseconds>(asked, own, std::chrono::days(1));
}

} // namespace evercert::lifecycle
