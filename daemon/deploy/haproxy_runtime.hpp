#pragma once
// New certificates for a running HAProxy, without a reload.
#include "core/base/time.hpp"
#include "core/base/worker_pool.hpp"
#include "daemon/deploy/deployer.hpp"
#include "daemon/deploy/steps.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

/// Replaces, through the runtime API at `socket` (HAProxy's management guide, "set ssl cert"), every file
/// that the running HAProxy has loaded and that holds, on disk, one of the tasks' new leaves; a key beside
/// its certificate (privkey*.pem for fullchain*.pem or cert*.pem) is found. Files are taken as they lie on
/// disk, so that HAProxy serves after its next start what it serves now. Returns how many were replaced.
///
/// An error says why a reload is needed: no such socket, too old or not allowed there, a certificate in no
/// file that HAProxy knows, a file refused. Some files may have been replaced then; none is left half done.
/// `deadline` bounds all of it, 50 ms longer for each task, and two seconds to take back what was begun.
/// References must outlive it.
awaitable<result<std::size_t>> update_haproxy(worker_pool& workers, time_source& time, std::string socket,
                                              std::vector<shared_task> tasks, milliseconds deadline);

/// The same, as a deployer takes it. References must outlive it.
runtime_update haproxy_updates(worker_pool& workers, time_source& time);

} // namespace evercert::daemon
