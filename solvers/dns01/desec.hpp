#pragma once
// deSEC: desec.readthedocs.io, dns/rrsets and dns/domains. Record sets are written whole; its limits are low
// (15 writes a minute and domain), so that waiting for them is usual.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct desec_settings {
    secret_source token;
    std::string zone; ///< the one domain; empty: what the service says
    std::string endpoint = "https://desec.io/api/v1";
    unsigned ttl = 0; ///< seconds; raised to the lowest that the domain allows, which is usually 3600
    api_timing timing = api_timing(seconds(180));
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_desec(const api_world& world, desec_settings settings);

} // namespace evercert::solvers
