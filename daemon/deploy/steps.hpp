#pragma once
// The steps of a deployment that run other programs.
#include "core/model/deployment.hpp"
#include "core/ports/deployer.hpp"
#include "core/ports/process_runner.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon {

using shared_task = std::shared_ptr<const deployment_task>;

/// A command that neither tests nor verifies anything is a hook: it runs for each certificate by itself.
bool is_hook(const deployment& how) noexcept;

/// How the reload is asked for, as argv: `command`, or systemctl for `reload_unit`; empty if there is nothing
/// to reload.
std::vector<std::string> reload_argv(const deployment& how);

/// EVERCERT_DEPLOYMENT and EVERCERT_CERTIFICATES (names with spaces between); for a single certificate also
/// EVERCERT_CERTIFICATE, EVERCERT_LIVE_DIRECTORY, EVERCERT_NAMES and EVERCERT_FINGERPRINT, and by certbot's
/// convention RENEWED_LINEAGE and RENEWED_DOMAINS. A list longer than the kernel takes as one variable is
/// left out.
std::vector<std::pair<std::string, std::string>> step_environment(const deployment& how,
                                                                  const std::vector<shared_task>& tasks);

// Both succeed at once when there is nothing to run. `runner` must outlive them. Cancelling ends the program.
awaitable<result<void>> run_config_test(process_runner& runner, deployment how);
awaitable<result<void>> run_reload(process_runner& runner, deployment how, std::vector<shared_task> tasks);

} // namespace evercert::daemon
