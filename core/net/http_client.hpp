#pragma once
#include "core/ports/http_client.hpp"

#include <memory>
#include <string>

namespace evercert::net {

struct http_client_settings {
    std::string trust; ///< PEM file of extra roots, or empty. Unreadable or empty file: every request fails,
                       ///< saying so
    std::string user_agent;  ///< "evercert/0.1.0 (...)"
    std::string https_proxy; ///< "http://host:port" with optional user:password@, or empty
    std::string no_proxy;    ///< comma list of hosts, .suffixes, addresses, "*"
    std::size_t connections_per_origin = 8;
    milliseconds idle = seconds(30); ///< a kept-alive connection older than this is not used again
};

/// HTTPS/1.1 with TLS 1.2 or newer, verified against the system store plus `trust`; kept-alive connections
/// per origin; refuses http: URLs (unless a request allows them, which then go straight to the origin: there
/// is no setting for a proxy of plain http), userinfo and bytes that do not belong into a request line or
/// header. A request that fails on a kept connection before any byte of an answer is sent again once on a
/// fresh one, if that is safe: GET and HEAD only; PUT and DELETE too change what another may have changed in
/// between.
std::unique_ptr<http_client> make_http_client(const asio::any_io_executor& executor,
                                              http_client_settings settings);

} // namespace evercert::net
