#pragma once
// Internal to daemon/control: answers of the socket, and what request bodies say.
#include "core/json/value.hpp"
#include "core/net/http_server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

net::server_response answer(unsigned status, std::string body);
net::server_response refuse(unsigned status, const error& what);
/// With the status that fits the error's code.
net::server_response refuse(const error& what);
net::server_response wrong_method(const char* allowed);
net::server_response no_such_path();
net::server_response unknown_certificate(std::string_view name);

/// The body as an object with no other members than these; nullopt if it is empty.
result<std::optional<json::value>> read_body(const std::string& body,
                                             const std::vector<std::string_view>& known);
/// {"now": bool}
result<bool> read_now(const std::string& body);
/// {"reason": name or number}
result<std::optional<int>> read_reason(const std::string& body);

} // namespace evercert::daemon
