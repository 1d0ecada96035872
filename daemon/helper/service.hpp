#pragma once
// evercert-deploy's life, and the place that names its concrete classes.
#include "core/base/time.hpp"

#include <string>

namespace evercert::daemon {

struct helper_options {
    std::string config = "/etc/evercert/evercert.yaml";
    std::string client_user = "evercert"; ///< or a uid; root may always ask
    std::string listen;                   ///< make this socket, instead of taking one that was passed
    seconds idle{60};                     ///< leave after so long without work; 0: stay
    bool run_directly = false;            ///< programs as children, not as units of systemd
};

/// Serves until idle or told to stop (SIGTERM, SIGINT: what is under way gets 30 s). Returns the exit code:
/// 0, or 1 if it could not begin.
///
/// Start: log, harden the process, take over the socket, READY. The configuration is read when somebody asks,
/// and one that is not trusted is an answer, no reason not to serve.
int run_helper(const helper_options& options);

} // namespace evercert::daemon
