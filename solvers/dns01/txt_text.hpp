#pragma once
// Names and TXT values as the APIs of DNS services write them.
#include "core/base/error.hpp"
#include "solvers/dns01/provider.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

/// A name that may go into a URL, a JSON text or an XML text as it is: labels of lower-case letters, digits,
/// "-" and
/// "_" (RFC 1035 section 2.3.4 for the lengths). Where CNAMEs lead is foreign text: errc::invalid_argument.
result<void> check_name(std::string_view name);
/// The value is printable ASCII of at most 2048 bytes.
result<void> check_value(std::string_view value);

/// The name and its parents, longest first: where the zone may begin. Top-level names only if `top_level`.
std::vector<std::string> zone_candidates(std::string_view name, bool top_level);
bool lies_in(std::string_view name, std::string_view zone) noexcept;
/// "_acme-challenge.www" for a name in its zone, "@" for the zone's own.
std::string relative_name(std::string_view name, std::string_view zone);

/// As in a zone file: quoted strings of at most 255 bytes, `"` and `\` escaped (RFC 1035 section 5.1).
std::string quote_txt(std::string_view value);
/// Whether what an API shows, quoted or not, is this value.
bool same_txt(std::string_view shown, std::string_view value);
bool any_same_txt(const std::vector<std::string>& shown, std::string_view value);

} // namespace evercert::solvers
