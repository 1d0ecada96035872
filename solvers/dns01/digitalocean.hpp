#pragma once
// DigitalOcean, API v2: docs.digitalocean.com, domain records. Records are objects of their own.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct digitalocean_settings {
    secret_source token; ///< with the scopes domain:read, domain:create, domain:delete
    std::string zone;    ///< the one domain; empty: the longest that the account has
    std::string endpoint = "https://api.digitalocean.com";
    unsigned ttl = 30; ///< seconds; 30 is the lowest
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_digitalocean(const api_world& world,
                                                        digitalocean_settings settings);

} // namespace evercert::solvers
