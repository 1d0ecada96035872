#pragma once
// Whether what an operator asked for is done, told from two snapshots.
#include "core/lifecycle/engine.hpp"

namespace evercert::daemon {

enum class errand { renew, deploy };
enum class wait_verdict {
    going_on,
    succeeded,
    failed,
    postponed, ///< accepted, but not tried now: a backoff has to pass first
};

/// Compares the certificate before the request with what it is now.
class wait_judge {
public:
    wait_judge(errand what, lifecycle::certificate_status before) : what_(what), before_(std::move(before)) {}

    /// One poll. A daemon that does nothing visible for several polls in a row is taken by its word.
    wait_verdict look(const lifecycle::certificate_status& now);

private:
    errand what_;
    lifecycle::certificate_status before_;
    bool was_busy_ = false;
    unsigned quiet_polls_ = 0;
};

} // namespace evercert::daemon
