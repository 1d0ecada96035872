#pragma once
// Which requests go through a proxy, and how we introduce ourselves to it.
#include "core/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::net {

struct proxy {
    std::string host;
    std::uint16_t port = 0;
    std::string authorization; ///< value for Proxy-Authorization, or empty
};

/// "http://[user:password@]host[:port]", "host:port". nullopt for an empty text. TLS to the proxy itself is
/// not supported.
result<std::optional<proxy>> parse_proxy(std::string_view text);

/// Whether `host` is named by a no_proxy list: "*", "example.com" (and what is below it), ".example.com"
/// (only what is below it), addresses, networks ("10.0.0.0/8"), each possibly with a port.
bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::uint16_t port);

} // namespace evercert::net
