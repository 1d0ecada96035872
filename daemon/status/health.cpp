#include "daemon/status/health.hpp"

#include "core/lifecycle/due.hpp"

namespace evercert::daemon::status {
namespace {

/// CAs date back by an hour: what is still in the future then is not a matter of seconds.
constexpr milliseconds clock_tolerance = std::chrono::minutes(1);

} // namespace

health judge(const lifecycle::certificate_status& one, wall_time now) {
    using lifecycle::state;
    if (one.live) {
        if (one.live->not_after <= now) {
            return health::expired;
        }
        if (one.live->revoked) {
            return health::revoked;
        }
    }
    if (one.where == state::failing || one.failures > 0 || one.deploy_failures > 0) {
        return health::failing;
    }
    if (one.live) {
        if (now >= lifecycle::latest_renewal(one.live->not_before, one.live->not_after)) {
            return health::expiring;
        }
        if (one.live->not_before > now + clock_tolerance) {
            return health::not_valid;
        }
    }
    if (one.where != state::waiting) {
        return health::working;
    }
    return one.live ? health::well : health::missing;
}

std::string_view to_string(health how) noexcept {
    switch (how) {
    case health::expired:
        return "expired";
    case health::revoked:
        return "revoked";
    case health::failing:
        return "failing";
    case health::expiring:
        return "expiring";
    case health::not_valid:
        return "not_valid";
    case health::working:
        return "working";
    case health::missing:
        return "missing";
    case health::well:
        return "well";
    }
    return "well";
}

std::string_view words_for(health how) noexcept {
    switch (how) {
    case health::not_valid:
        return "not valid yet";
    case health::working:
        return "in progress";
    case health::missing:
        return "not issued yet";
    default:
        return to_string(how);
    }
}

} // namespace evercert::daemon::status
