#pragma once
// PowerDNS Authoritative Server 4 and newer: doc.powerdns.com/authoritative/http-api, zones. Record sets are
// replaced whole; the server has nothing that notices two writers, so a name should have but one.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct powerdns_settings {
    std::string endpoint;             ///< "http://127.0.0.1:8081": what is before "/api/v1"
    bool allow_http = false;          ///< http also to a host that is not known to be private
    secret_source key;                ///< `api-key` of the server's configuration
    std::string server = "localhost"; ///< its ID, which is this unless something stands in front of it
    std::string zone;                 ///< the one zone; empty: the longest that the server has
    unsigned ttl = 0; ///< seconds, 0 as for DNS updates; of a set that is there already the TTL stays
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_powerdns(const api_world& world, powerdns_settings settings);

} // namespace evercert::solvers
