#pragma once
// Cloudflare, API v4: developers.cloudflare.com/api, DNS records for a zone. Records are objects of their
// own, so that two values of one name need no care.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct cloudflare_settings {
    secret_source token; ///< an API token, no global key. It needs Zone: Zone: Read and Zone: DNS: Edit
    std::string zone_id; ///< of the one zone; then Zone: Read is not needed
    std::string endpoint = "https://api.cloudflare.com/client/v4";
    unsigned ttl = 60; ///< seconds; 60 is the lowest for most plans
    api_timing timing;
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_cloudflare(const api_world& world, cloudflare_settings settings);

} // namespace evercert::solvers
