#pragma once
// HTTP to the control socket of a running daemon, for the command line. Blocks; has a loop of its own.
#include "core/base/error.hpp"
#include "core/ports/http_client.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace evercert::net {

/// One exchange over a Unix socket; `request.url` is the target only ("/v1/certificates"). Errors: not_found
/// (no socket), refused (nobody listens on it, or we may not use it), timed_out, too_large, protocol,
/// network.
result<http_response> unix_request(const std::string& socket_path, http_request request);

/// Takes a line without its end; false: no more are wanted.
using line_taker = std::function<bool(std::string_view line)>;

/// As unix_request, for an answer that has no end of its own: with status 200 its lines go to `take` as they
/// come. The deadline is for the silence between them, and the limit for a line.
result<http_response> unix_follow(const std::string& socket_path, http_request request,
                                  const line_taker& take);

} // namespace evercert::net
