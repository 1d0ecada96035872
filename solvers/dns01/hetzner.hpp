#pragma once
// Hetzner, the DNS of the Cloud API: docs.hetzner.cloud/reference/cloud, zones, RRSets and their actions. The
// older dns.hetzner.com is another API, with other tokens. The service adds and removes single records of a
// set itself and answers before it is done: the action is waited for.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct hetzner_settings {
    secret_source token; ///< of the project that has the zone, Read & Write
    std::string zone;    ///< the one zone; empty: the longest that the project has
    std::string endpoint = "https://api.hetzner.cloud/v1";
    unsigned ttl = 60; ///< seconds; of a set that is there already the TTL stays
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_hetzner(const api_world& world, hetzner_settings settings);

} // namespace evercert::solvers
