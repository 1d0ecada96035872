#pragma once
// Amazon Route 53, API 2013-04-01: docs.aws.amazon.com/Route53/latest/APIReference (ListHostedZonesByName,
// ListResourceRecordSets, ChangeResourceRecordSets, GetChange). A set is replaced by removing exactly what
// was read and making what it is to be in one batch, which the service takes whole or, if somebody was
// faster, not at all.
#include "solvers/dns01/api_operation.hpp"
#include "solvers/dns01/provider.hpp"

#include <memory>

namespace evercert::solvers {

struct route53_settings {
    /// With `access_key_id`: the secret access key and nothing else. Without: a shared credentials file.
    secret_source secret;
    std::string access_key_id;
    std::string profile = "default"; ///< of the shared credentials file
    std::string hosted_zone_id;      ///< of the one zone; then route53:ListHostedZonesByName is not needed
    bool wait_for_sync = true;       ///< until all servers of the zone have it; needs route53:GetChange
    std::string endpoint = "https://route53.amazonaws.com";
    std::string region = "us-east-1"; ///< where the endpoint is signed for
    unsigned ttl = 10;                ///< seconds; of a set that is there already the TTL stays
    api_timing timing = api_timing(seconds(180));
};

/// errc::invalid_argument if the settings cannot work.
result<std::unique_ptr<dns_provider>> make_route53(const api_world& world, route53_settings settings);

} // namespace evercert::solvers
