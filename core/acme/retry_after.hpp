#pragma once
// Retry-After in all its forms (RFC 9110 section 10.2.3, RFC 8555 sections 6.6 and 7.5.1).
#include "core/base/time.hpp"

#include <optional>
#include <string_view>

namespace evercert::acme {

inline constexpr milliseconds longest_retry_after = std::chrono::hours(24);

/// Seconds or an HTTP date, as a duration from `now`: never negative, at most a day. nullopt for an absent
/// value and for anything that is neither (signs, fractions, junk of any length).
std::optional<milliseconds> parse_retry_after(std::string_view value, wall_time now);

} // namespace evercert::acme
