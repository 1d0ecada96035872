#pragma once
// Tests a server's configuration, reloads it and looks at what it serves: once for all certificates that
// arrive together.
#include "core/base/time.hpp"
#include "core/model/deployment.hpp"
#include "core/net/tls_probe.hpp"
#include "core/ports/deployer.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/process_runner.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace evercert::daemon {

/// One handshake, like net::probe_tls; errc::tls means the server answered and would not serve that name.
using tls_probe =
    std::function<awaitable<result<net::served_certificate>>(verify_target, identifier, milliseconds)>;

/// Puts the new pairs into a running server through its runtime API, like `update_haproxy`. An error says why
/// it was not done, or not to the end: a reload is then what helps.
using runtime_update = std::function<awaitable<result<std::size_t>>(
    std::string socket, std::vector<std::shared_ptr<const deployment_task>> tasks, milliseconds deadline)>;

/// Told of every certificate's outcome at one deployment.
using outcome_listener = std::function<void(const std::string& deployment, bool succeeded)>;

struct deploy_timing {
    milliseconds window{300}; ///< from the first task to the run: who comes meanwhile joins it
    milliseconds lull{1500};  ///< if anybody does, more are expected, until so long nobody came ...
    milliseconds longest_window{30'000}; ///< ... at most so long
    milliseconds first_retry{50};        ///< pause before looking again, doubled each time ...
    milliseconds longest_retry{1000};    ///< ... up to this
    milliseconds foreign_patience{2000}; ///< so long a stranger's certificate may still be a reload under way
    milliseconds one_probe{5000};        ///< deadline of one handshake
    milliseconds per_target{20};         ///< added to the verify deadline for each address and name of a run
    std::size_t probes_at_once = 16;
    std::size_t names_per_task = 20; ///< the first so many names of a certificate are looked at
};

/// Which steps are done here. Where privileges are split, programs are run by one process and servers looked
/// at by another; how tasks come together follows from the whole deployment in both.
enum class deploy_steps {
    all,
    programs, ///< test, command and reload_unit; nothing is looked at
    looks,    ///< handshakes alone
};

class server_deployer : public deployer {
public:
    /// Other deployments from the next run on; a run under way keeps what it began with.
    virtual void configure(std::map<std::string, deployment> deployments) = 0;
    /// Ends what is under way (its tasks fail with errc::cancelled) and takes no more. Await it before
    /// destruction, after the engine has stopped.
    virtual awaitable<void> stop() = 0;
};

/// All references must outlive the deployer; `probe` may be empty if nothing is looked at. See
/// daemon/deploy/README.md for the verdicts and for hooks. Without `runtime` every server is reloaded.
/// Events: deploy.tested, deploy.updated, deploy.reloaded, deploy.hook_ran, deploy.verified,
/// deploy.foreign_certificate, deploy.unconfirmed. Failures are returned, for the caller to report.
std::unique_ptr<server_deployer> make_deployer(const asio::any_io_executor& executor, process_runner& runner,
                                               time_source& time, event_sink& events,
                                               std::map<std::string, deployment> deployments, tls_probe probe,
                                               deploy_timing timing = {},
                                               deploy_steps steps = deploy_steps::all,
                                               runtime_update runtime = {}, outcome_listener listener = {});

} // namespace evercert::daemon
