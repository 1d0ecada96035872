#pragma once
// A CA's limits as Let's Encrypt publishes them (docs of 2026-08-05), counted by the CA. Written without
// looking at the ledger that it is to catch: tokens with fractions instead of a moment.
#include "core/base/time.hpp"

#include <algorithm>
#include <chrono>

namespace evercert::simulation {

using precise_seconds = std::chrono::duration<double>;

/// `capacity` at once; one comes back every `refill`.
struct published_limit {
    double capacity = 0;
    precise_seconds refill{1};
};

namespace lets_encrypt {
inline constexpr published_limit new_orders{300, seconds(36)};
inline constexpr published_limit certificates_per_domain{50, precise_seconds(7 * 86400.0 / 50)};
inline constexpr published_limit certificates_per_set{5, precise_seconds(7 * 86400.0 / 5)};
inline constexpr published_limit failed_validations{5, std::chrono::minutes(12)};
inline constexpr published_limit consecutive_failures{1152, std::chrono::hours(24)};
inline constexpr published_limit new_order_requests{200, precise_seconds(1.0 / 300)};
inline constexpr published_limit other_requests{125, precise_seconds(1.0 / 250)};
inline constexpr published_limit renewal_info_requests{100, precise_seconds(1.0 / 1000)};
} // namespace lets_encrypt

/// How much of one limit is used up.
class tally {
public:
    [[nodiscard]] bool room(const published_limit& limit, wall_time now) const {
        return missing(limit, now) <= limit.capacity - 1 + rounding;
    }
    /// Until there is room for one more.
    [[nodiscard]] milliseconds wait(const published_limit& limit, wall_time now) const {
        const double too_many = missing(limit, now) - (limit.capacity - 1);
        return std::chrono::ceil<milliseconds>(limit.refill * std::max(0.0, too_many));
    }
    /// Whether there was room or not.
    void take(const published_limit& limit, wall_time now) {
        missing_ = missing(limit, now) + 1;
        since_ = now;
    }
    void reset() { missing_ = 0; }

private:
    static constexpr double rounding = 1e-6;

    [[nodiscard]] double missing(const published_limit& limit, wall_time now) const {
        return std::max(0.0, missing_ - precise_seconds(now - since_) / limit.refill);
    }

    double missing_ = 0;
    wall_time since_;
};

} // namespace evercert::simulation
