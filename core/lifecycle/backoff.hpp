#pragma once
// How long to wait after failures: pure but for the chance passed in.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/lifecycle/problem_class.hpp"

namespace evercert::lifecycle {

/// The delay after the `failures`-th failure in a row (counted from 1): 1 min, 10 min, 100 min, then a day; a
/// day at once for problem_class::daily and never. Lengthened by up to a tenth at random, so that many do not
/// come back together, and never below `at_least`, but at most 8 days. Never 0, for any count.
milliseconds backoff(unsigned failures, problem_class kind, milliseconds at_least, random_source& random);

/// How long an order that the CA works on is left alone: half as long as it has taken, from a minute to an
/// hour, and no less than the CA asks for, up to a day.
milliseconds slow_pace(milliseconds taken, milliseconds asked);

inline constexpr milliseconds shortest_backoff = std::chrono::minutes(1);
inline constexpr milliseconds longest_backoff = std::chrono::days(8);

} // namespace evercert::lifecycle
