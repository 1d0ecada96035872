#pragma once
// What a CA lets us do in which time, as it publishes it.
#include "core/base/time.hpp"

namespace evercert {

/// A token bucket: `capacity` at once, refilled evenly over `period` ("300/3h": one per 36 s). No limit when
/// the capacity is 0.
struct rate {
    unsigned capacity = 0;
    milliseconds period{0}; ///< in which an empty bucket becomes full; above 0 when there is a limit

    [[nodiscard]] bool limited() const noexcept { return capacity > 0; }
    friend bool operator==(const rate&, const rate&) = default;
};

/// Sources: the CAs' own pages; Let's Encrypt's are at letsencrypt.org/docs/rate-limits.
struct rate_limits {
    unsigned concurrent_orders = 32;
    rate new_orders;              ///< per account
    rate certificates_per_domain; ///< per registered domain, IPv4 address or IPv6 /64
    rate certificates_per_set;    ///< per exact set of names
    rate failed_validations;      ///< per name and account
    rate consecutive_failures; ///< per name and account; emptied, the CA pauses the name until a person acts
    rate requests;             ///< HTTP requests of all kinds

    friend bool operator==(const rate_limits&, const rate_limits&) = default;
};

} // namespace evercert
