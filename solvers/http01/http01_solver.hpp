#pragma once
// http-01 (RFC 8555 section 8.3) answered by our own listener.
#include "core/net/http_server.hpp"
#include "core/ports/event_sink.hpp"
#include "solvers/listening_solver.hpp"

#include <memory>
#include <vector>

namespace evercert::solvers {

struct http01_settings {
    std::vector<net::listen_address> listen;
    bool redirect_to_https = false; ///< 308 to https for everything that is no challenge path
};

std::unique_ptr<listening_solver> make_http01_solver(const asio::any_io_executor& executor,
                                                     event_sink& events, http01_settings settings);

} // namespace evercert::solvers
