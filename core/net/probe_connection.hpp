#pragma once
// Internal to core/net: the first steps of a look at a server, on a connection that is used once.
#include "core/model/endpoint.hpp"
#include "core/net/connection.hpp"
#include "core/net/probe_error.hpp"

#include <memory>
#include <optional>
#include <string>

namespace evercert::net {

/// For looks that do not ask whether a certificate is trusted, however weak it is.
std::shared_ptr<asio::ssl::context> unverified_context();

/// Connects; from then on the connection is closed when `end` comes. Nothing is good.
awaitable<std::optional<probe_error>> connect_probe(connection& to, endpoint where, steady_time end);

/// TLS, unverified; `server_name` (SNI) and `protocol` (ALPN) are left out when empty.
awaitable<std::optional<probe_error>> handshake_probe(connection& with, std::string server_name,
                                                      std::string protocol);

} // namespace evercert::net
