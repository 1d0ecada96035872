#pragma once
// dns-01 and dns-account-01 answered by our own name server: no credentials of any DNS service are needed,
// wildcards included. Operators delegate a name to it once.
#include "core/base/random.hpp"
#include "core/net/http_server.hpp"
#include "solvers/dns01/dns01_solver.hpp"
#include "solvers/dns_self/own_zone.hpp"
#include "solvers/listening_solver.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::solvers {

struct self_settings {
    std::vector<net::listen_address> listen; ///< each over UDP and TCP
    own_zone_settings zone;
    dns01_settings proof; ///< `enforce` also looks whether the delegation is there, before anything else
};

class self_solver : public listening_solver {
public:
    /// Replaces the names that are answered for while nothing is to be proven: those of certificates, without
    /// "*.". CAs and diagnoses look before there is a value, and must not be refused.
    virtual void know(const std::vector<std::string>& names) = 0;
};

/// The references in `parts`, and `random`, must outlive the solver. errc::invalid_argument as
/// own_zone::make.
result<std::unique_ptr<self_solver>> make_self_solver(const asio::any_io_executor& executor,
                                                      dns01_parts parts, random_source& random,
                                                      self_settings settings);

} // namespace evercert::solvers
