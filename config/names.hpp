#pragma once
// Names as people write them become names as certificates and folders have them. libidn2's only door.
#include "core/model/identifier.hpp"

#include <string>
#include <string_view>

namespace evercert::config {

/// UTF-8 in, A-labels and lower case out (IDNA2008 non-transitional after UTS #46 mapping), then
/// parse_identifier. ASCII input keeps its A-labels if they are correct Punycode. IP addresses pass.
result<identifier> parse_name(std::string_view text, bool allow_single_label = false);

/// What a pattern of names looks like in a policy: a name as parse_name gives it, "*." before one, or "*".
result<std::string> parse_pattern(std::string_view text);

/// May name a folder: [a-z0-9][a-z0-9._-]{0,99}.
bool is_safe_name(std::string_view name) noexcept;

/// The folder of a certificate that was given no name: its first name, "*." written "wildcard.", ":" written
/// "-", a "0" in front of an address that begins with "::".
std::string directory_name(const identifier& first);

} // namespace evercert::config
