#pragma once
// The daemon's life, step by step.
#include "config/settings.hpp"

#include <string>

namespace evercert::daemon {

struct run_options {
    std::string config = "/etc/evercert/evercert.yaml";
    bool check = false;        ///< only check the configuration
    bool once = false;         ///< do all that is due, then end
    std::string deploy_socket; ///< deployments are asked for there (evercert-deploy); empty: done here
};

/// Runs until it is told to stop; returns the exit code (0 done, 1 failed, 2 bad configuration).
///
/// Start:
///   1. load the configuration; with mistakes print them and end with 2
///   2. open the log
///   3. harden the process: secure heap, umask, no core dumps, file limit
///   4. open and lock the store
///   5. take over sockets that systemd passed
///   6. give up what the settings have no need for, before there are threads; wire the objects
///   7. open the control socket
///   8. apply the settings: open listeners (trouble is an event, tried again), give the engine its work
///   9. tell systemd READY; start the watchdog. No step waits for a CA.
/// Reload (SIGHUP, POST /v1/reload): load and check; with mistakes say so and go on as before; else apply.
/// Stop (SIGTERM, SIGINT), within 10 s:
///   1. tell systemd STOPPING; a second signal ends at once
///   2. close the control socket
///   3. drain the engine: what is under way gets 8 s, then is cancelled; everything is resumable
///   4. end deployments, close listeners, tell what has happened (what cannot be told now is saved)
///   5. release the store's lock
int run(const run_options& options);

} // namespace evercert::daemon
