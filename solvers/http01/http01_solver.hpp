#pragma once
// http-01 (RFC 8555 section 8.3) answered by our own listener.
#include "core/net/http_server.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/solver.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::solvers {

struct http01_settings {
    std::vector<net::listen_address> listen;
    bool redirect_to_https = false; ///< 308 to https for everything that is no challenge path
};

class http01_solver : public solver {
public:
    /// Opens the listeners that are not open yet; call again to retry. An error names the address, who holds
    /// it and what to do; while none is open, present() returns that error, so that other certificates go on.
    virtual result<void> open() = 0;
    virtual awaitable<void> close() = 0;
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
};

std::unique_ptr<http01_solver> make_http01_solver(const asio::any_io_executor& executor, event_sink& events,
                                                  http01_settings settings);

} // namespace evercert::solvers
