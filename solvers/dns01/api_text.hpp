#pragma once
// What the APIs of DNS services have in common in their texts: no I/O, no state.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ports/http_client.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::solvers {

/// The URL of an API without its final slashes. https; or http, to a private or loopback address, to
/// localhost, or anywhere if `allow_http`: what goes there holds a secret. No query, no user name.
/// errc::invalid_argument.
result<std::string> check_endpoint(std::string_view url, bool allow_http);
bool is_plain_http(std::string_view url) noexcept;

/// An identifier of the service's own that goes into a path: letters, digits, "-", "_", "." and "=", at most
/// 300.
bool is_plain_id(std::string_view id) noexcept;

/// The words of a failed answer: out of its JSON if it has the usual members (message, error, detail,
/// errors), else the beginning of its body. Foreign text.
std::string words_of(std::string_view body);

/// How long a 429 or 503 asks to wait (RFC 9110 section 10.2.3), at most an hour; nullopt if it does not say.
std::optional<milliseconds> asked_to_wait(const http_response& answer, wall_time now);

/// "Basic dXNlcjpwYXNzd29yZA==" (RFC 7617).
std::string basic_authorization(std::string_view user, std::string_view password);

} // namespace evercert::solvers
