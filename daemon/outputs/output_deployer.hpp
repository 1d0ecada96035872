#pragma once
#include "core/base/worker_pool.hpp"
#include "core/ports/deployer.hpp"
#include "core/ports/event_sink.hpp"
#include "core/store/repository.hpp"

#include <functional>
#include <memory>
#include <string>

namespace evercert::daemon {

/// Reads the live version; blocks, and is called on a thread of the pool.
using live_reader = std::function<result<storage::stored_version>()>;

/// All references must outlive the deployer.
struct output_parts {
    deployer& inner;
    /// Asked on the loop for each task with outputs; what it returns must be safe to call from another
    /// thread.
    std::function<live_reader(const deployment_task&)> live;
    worker_pool& workers;
    event_sink& events;
    std::string service = "evercertd"; ///< the systemd unit we are, for advice
};

/// Writes a task's outputs, and has the rest done by `inner`. Outputs that cannot be written are the error,
/// and nothing is deployed then. Those who come for the same certificate write one after the other. When the
/// caller goes back to an older version and deploys that, the outputs follow. Event: deploy.outputs_written,
/// only if something was written.
std::unique_ptr<deployer> make_output_deployer(output_parts parts);

} // namespace evercert::daemon
