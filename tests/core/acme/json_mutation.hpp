#pragma once
// Damages one member of a JSON text at a time.
#include "core/json/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme::testing {

/// Every member in it, as "meta.profiles" or "identifiers.0.type".
std::vector<std::string> member_paths(std::string_view text);
/// The text with the member at `path` replaced by `raw` JSON, or left out when that is empty.
std::string with_member(std::string_view text, std::string_view path, std::string_view raw);

} // namespace evercert::acme::testing
