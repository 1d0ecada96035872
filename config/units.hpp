#pragma once
// Quantities as people write them.
#include "core/base/time.hpp"

#include <cstdint>
#include <string_view>

namespace evercert::config {

/// "500ms", "30s", "5m", "2h", "10d", or several from large to small: "1h30m". Never negative. A bare number
/// is refused: its unit would be a guess.
result<milliseconds> parse_duration(std::string_view text);

/// Bytes: "512", "64KiB" (or "64K", "64k"), "10MiB", "1GiB" are powers of 1024; "10kB", "10MB", "1GB" powers
/// of 1000.
result<std::uint64_t> parse_size(std::string_view text);

/// A share from 0 to 1: "2/3", "0.66", "66%".
result<double> parse_fraction(std::string_view text);

} // namespace evercert::config
