#include "daemon/control/waiting.hpp"

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;
using lifecycle::state;

bool busy(const certificate_status& one) {
    return one.where != state::waiting && one.where != state::failing;
}

bool failed_since(const certificate_status& before, const certificate_status& now) {
    return now.failures > before.failures || now.deploy_failures > before.deploy_failures ||
           (now.last_failure && now.last_failure != before.last_failure);
}

std::string leaf(const certificate_status& one) {
    return one.live ? one.live->fingerprint : std::string();
}

} // namespace

wait_verdict wait_judge::look(const certificate_status& now) {
    if (busy(now)) {
        was_busy_ = true;
        quiet_polls_ = 0;
        return wait_verdict::going_on;
    }
    if (now.where == state::failing && failed_since(before_, now)) {
        return wait_verdict::failed;
    }
    if (what_ == errand::renew && leaf(now) != leaf(before_)) {
        return now.where == state::failing ? wait_verdict::failed : wait_verdict::succeeded;
    }
    const bool deployed = what_ == errand::deploy && now.deployed && now.deploy_failures == 0;
    if (deployed && was_busy_) {
        return wait_verdict::succeeded;
    }
    constexpr unsigned patience = 5;
    if (++quiet_polls_ < patience) {
        return wait_verdict::going_on;
    }
    return deployed ? wait_verdict::succeeded : wait_verdict::postponed;
}

} // namespace evercert::daemon
