#pragma once
// HTTP to the control socket of a running daemon, for the command line. Blocks; has a loop of its own.
#include "core/base/error.hpp"
#include "core/ports/http_client.hpp"

#include <string>

namespace evercert::net {

/// One exchange over a Unix socket; `request.url` is the target only ("/v1/certificates"). Errors: not_found
/// (no socket), refused (nobody listens on it, or we may not use it), timed_out, too_large, protocol,
/// network.
result<http_response> unix_request(const std::string& socket_path, http_request request);

} // namespace evercert::net
