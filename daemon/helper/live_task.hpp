#pragma once
// What a name may be deployed as.
#include "core/base/worker_pool.hpp"
#include "core/ports/deployer.hpp"
#include "daemon/helper/trusted_settings.hpp"
#include "daemon/outputs/output_deployer.hpp"

#include <string>

namespace evercert::daemon {

/// Takes nothing from whoever asks but the name. References must outlive it.
class live_tasks {
public:
    live_tasks(trusted_settings& settings, worker_pool& workers, time_source& time)
        : settings_(settings), workers_(workers), time_(time) {}

    /// The entry of that name in our own configuration, with the live set under data_dir read and checked
    /// (live_set.hpp). Errors say why it is refused.
    awaitable<result<deployment_task>> make(std::string certificate);
    /// Reads and checks the live set once more, when its outputs are written: what is written is what was
    /// checked.
    [[nodiscard]] live_reader reader(const deployment_task& task);

private:
    trusted_settings& settings_;
    worker_pool& workers_;
    time_source& time_;
};

} // namespace evercert::daemon
