#pragma once
// TXT records by dynamic update (RFC 2136), signed (RFC 8945): BIND, Knot, PowerDNS, Microsoft and others.
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "core/ports/dns_client.hpp"
#include "solvers/dns01/provider.hpp"
#include "solvers/dns01/secret_source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace evercert::solvers {

struct rfc2136_settings {
    endpoint server;   ///< the primary, which takes updates
    secret_source key; ///< of a TSIG key; without one the server trusts addresses
    std::string zone;  ///< empty: found by SOA, asked of `server`
    /// Seconds. The next order for the name brings another value, which a resolver that keeps this one would
    /// not see.
    std::uint32_t ttl = 0;
};

/// What it is given must outlive it.
std::unique_ptr<dns_provider> make_rfc2136_provider(dns_client& dns, worker_pool& workers,
                                                    rfc2136_settings settings);

} // namespace evercert::solvers
