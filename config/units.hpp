#pragma once
// Quantities as people write them.
#include "core/base/time.hpp"
#include "core/model/rate_limits.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace evercert::config {

/// "500ms", "30s", "5m", "2h", "10d", or several from large to small: "1h30m". Never negative. A bare number
/// is refused: its unit would be a guess.
result<milliseconds> parse_duration(std::string_view text);

/// "300/3h": so many in such a time, which a token bucket of that capacity and refill stands for. 1 to
/// 1,000,000 in 1ms to 3650d; spaces may stand around the slash. "off" is no limit.
result<rate> parse_rate(std::string_view text);

/// Bytes: "512", "64KiB" (or "64K", "64k"), "10MiB", "1GiB" are powers of 1024; "10kB", "10MB", "1GB" powers
/// of 1000.
result<std::uint64_t> parse_size(std::string_view text);

/// A share from 0 to 1: "2/3", "0.66", "66%".
result<double> parse_fraction(std::string_view text);

/// Permissions of a file: "640" or "0640", octal. The owner may read, and nothing but the nine bits is set.
std::optional<unsigned> parse_file_mode(std::string_view text);

/// true or false, as YAML 1.2 writes it.
std::optional<bool> to_flag(std::string_view text);
/// A whole number with nothing around it.
std::optional<std::int64_t> to_integer(std::string_view text);

} // namespace evercert::config
