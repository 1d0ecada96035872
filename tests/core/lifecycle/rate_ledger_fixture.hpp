#pragma once
// What the ledger's tests share.
#include "core/lifecycle/rate_ledger.hpp"

#include <functional>

namespace evercert::lifecycle {

inline const wall_time some_day = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

/// Let's Encrypt's, as published.
inline rate_limits published_limits() {
    using namespace std::chrono;
    rate_limits limits;
    limits.new_orders = {300, hours(3)};
    limits.certificates_per_domain = {50, days(7)};
    limits.certificates_per_set = {5, days(7)};
    limits.failed_validations = {5, hours(1)};
    limits.consecutive_failures = {1152, days(1152)};
    return limits;
}

inline order_claim claim_of(const std::vector<std::string>& names, order_kind kind = order_kind::fresh) {
    order_claim claim;
    claim.kind = kind;
    for (const std::string& name : names) {
        claim.names.push_back(
            {name.find(':') == std::string::npos ? identifier::kind::dns : identifier::kind::ip, name});
    }
    return claim;
}

/// How many such orders the ledger lets through at `now`, one after the other.
inline unsigned at_once(rate_ledger& ledger, const std::function<order_claim(unsigned)>& make,
                        wall_time now) {
    unsigned sent = 0;
    while (sent < 1'000'000) {
        const order_claim claim = make(sent);
        if (ledger.earliest(claim, now).when > now) {
            break;
        }
        ledger.spend(claim, now);
        ++sent;
    }
    return sent;
}

} // namespace evercert::lifecycle
