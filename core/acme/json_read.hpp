#pragma once
// Liberal reading of members that nothing depends on: what has a wrong type counts as missing.
#include "core/base/time.hpp"
#include "core/json/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::acme {

/// Empty when missing or no string; cut after `limit` bytes.
std::string text_or_empty(const json::value& object, std::string_view member, std::size_t limit = 4096);
/// A link that a person may be told to open: http or https, visible ASCII, at most 2048 bytes. Anything else
/// is dropped, never cut.
std::string link_or_empty(const json::value& object, std::string_view member);
/// An RFC 3339 time, or nullopt.
std::optional<wall_time> time_or_none(const json::value& object, std::string_view member);

} // namespace evercert::acme
