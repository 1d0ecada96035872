#pragma once
// Which URLs of a CA we follow. A directory that has been taken over must not be able to send us to hosts
// inside.
#include "core/base/error.hpp"

#include <string>
#include <string_view>

namespace evercert::acme {

/// The URL as it was given (RFC 8555 section 6.4 compares it byte by byte), or errc::protocol saying what is
/// wrong. Accepted are https URLs of at most 2048 bytes of visible ASCII without user, password and fragment,
/// that lead either to the host and port of the directory, or to another host by a DNS name of two labels or
/// more which is neither an IP address in any spelling nor "localhost". The directory's own host may be
/// anything: an operator wrote it.
result<std::string> accept_url(std::string_view url, std::string_view directory_url);

/// A reference in a header as an absolute URL (RFC 3986 section 5.2 for the forms that occur: absolute,
/// "//host/path",
/// "/path", "name"); not checked, so give it to accept_url.
std::string resolve_url(std::string_view base, std::string_view reference);

} // namespace evercert::acme
