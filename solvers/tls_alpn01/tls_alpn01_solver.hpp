#pragma once
// tls-alpn-01 (RFC 8737; addresses: RFC 8738) answered by our own listener.
#include "core/base/time.hpp"
#include "core/ports/event_sink.hpp"
#include "solvers/listening_solver.hpp"

#include <memory>
#include <vector>

namespace evercert::solvers {

struct tls_alpn01_settings {
    std::vector<net::listen_address> listen;
};

class tls_alpn01_solver : public listening_solver {};

/// `time` dates the certificates. `events` and `time` must outlive the solver.
std::unique_ptr<tls_alpn01_solver> make_tls_alpn01_solver(const asio::any_io_executor& executor,
                                                          event_sink& events, const time_source& time,
                                                          tls_alpn01_settings settings);

} // namespace evercert::solvers
