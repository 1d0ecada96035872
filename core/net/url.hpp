#pragma once
// URLs and authorities, checked byte by byte: what passes here may go into a request line, a Host header or a
// lookup.
#include "core/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::net {

/// An absolute http or https URL without userinfo and fragment (RFC 3986, RFC 9110 section 4.2).
struct url {
    bool secure = true; ///< https
    std::string host;   ///< lower case; IPv6 in RFC 5952 form without brackets; no trailing dot
    std::uint16_t port = 443;
    std::string target = "/"; ///< path and query as sent, never empty

    /// "host", "host:8443", "[::1]:8443": what belongs into a Host header; the default port is left out.
    [[nodiscard]] std::string authority() const;
    /// "host:443": always with the port. One connection pool, one CONNECT target.
    [[nodiscard]] std::string origin() const;
};

/// Refuses (errc::invalid_argument) other schemes, userinfo, control bytes, spaces, bytes that RFC 3986 does
/// not allow in a URL, names that are no host names, IPv4 in any form but the dotted quad, a bad port, and
/// more than 8 KiB. A fragment is dropped. The message never repeats the text, which may be a CA's.
result<url> parse_url(std::string_view text);

struct host_port {
    std::string host;       ///< as in `url::host`
    std::uint16_t port = 0; ///< 0: none given
};

/// "name", "name:port", "192.0.2.1:80", "[::1]:80"; nullopt if it is none of these. An empty port ("name:")
/// counts as none.
std::optional<host_port> parse_host_port(std::string_view authority);

/// The host with brackets if it is IPv6.
std::string bracketed(std::string_view host);

} // namespace evercert::net
