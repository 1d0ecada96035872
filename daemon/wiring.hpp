#pragma once
// The only place that names concrete classes: reading it is reading what this build can do.
#include "config/settings.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history_sink.hpp"
#include "core/lifecycle/revocation_watch.hpp"
#include "core/lifecycle/vault.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/store.hpp"
#include "daemon/deploy/deployer.hpp"
#include "daemon/late_solver.hpp"
#include "daemon/log/log.hpp"
#include "solvers/dns_persist01/standing_watch.hpp"
#include "solvers/dns_self/self_solver.hpp"
#include "solvers/listening_solver.hpp"
#include "systemd/listen_fds.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon {

/// The store under `data_dir`, locked: errc::busy names the daemon that holds it.
result<std::unique_ptr<store>> open_store(const std::string& data_dir);

/// The daemon's objects, in the order in which they depend on each other; they go in the reverse order.
class wiring {
public:
    /// `files` is the locked store. Nothing is opened or started here.
    wiring(asio::any_io_executor executor, time_source& time, log& events, std::unique_ptr<store> files,
           const config::settings& settings, std::vector<systemd::passed_descriptor> sockets);
    ~wiring();

    /// Objects for these settings: challenges that changed get a new solver (the old one is closed first, so
    /// that the new one can have its port), deployments and the engine's assignment are replaced. Challenges
    /// that cannot be answered are events, and are tried again by retry_challenges().
    awaitable<void> apply(config::settings settings);
    /// Tries again to open listeners that could not be opened, and to make what could not be made.
    void retry_challenges();
    [[nodiscard]] std::vector<std::string> listener_addresses() const;
    awaitable<void> close_listeners();

    [[nodiscard]] lifecycle::engine& engine() noexcept { return *engine_; }
    [[nodiscard]] server_deployer& deploys() noexcept { return *deployer_; }
    /// The watch over standing DNS records; its run() ends before this does.
    [[nodiscard]] solvers::standing_watch& records() noexcept { return *records_; }
    /// The activity record, which passes events on to the log. Stopped last.
    [[nodiscard]] lifecycle::history_sink& history() noexcept { return history_; }

private:
    struct challenge {
        config::challenge settings;
        std::unique_ptr<solver> answers;
        // The same, if it listens, is our own name server, or may have to be made later.
        solvers::listening_solver* listener = nullptr;
        solvers::self_solver* name_server = nullptr;
        late_solver* late = nullptr;
        std::string trouble; ///< last reason why it cannot be answered, so that it is said once
    };

    awaitable<std::vector<finding>> look_ahead(preflight_request request);
    result<std::unique_ptr<acme::client>> make_client(const issuer& settings);
    http_client& http_for(const std::string& trust);
    challenge make_challenge(const config::challenge& settings);
    static solvers::dns01_settings proof_of(const config::dns_challenge& settings);
    result<std::unique_ptr<solver>> make_dns_solver(const config::dns_challenge& settings);
    result<std::unique_ptr<solvers::self_solver>> make_name_server(const std::string& challenge_name,
                                                                   const config::dns_challenge& settings);
    /// Our own name servers learn which names they are to know.
    void tell_names(const config::settings& settings);
    std::unique_ptr<solver> make_dns_persist_solver(const config::dns_persist_challenge& settings);
    void watch_records(const config::settings& settings);
    dns_client& dns_for(const std::vector<endpoint>& resolvers);
    std::vector<net::listen_address> places_for(const std::string& challenge_name,
                                                const std::vector<endpoint>& configured,
                                                bool nameless_too = true);
    void make_ready(challenge& what);

    asio::any_io_executor executor_;
    time_source& time_;
    std::unique_ptr<random_source> random_;
    std::unique_ptr<store> files_;
    storage::repository repository_;
    std::unique_ptr<lifecycle::vault> vault_;
    worker_pool workers_;
    lifecycle::history_sink history_;
    std::unique_ptr<process_runner> processes_;
    std::unique_ptr<server_deployer> deployer_;
    std::map<std::string, std::unique_ptr<http_client>> http_;         ///< by trust file
    std::map<std::vector<endpoint>, std::unique_ptr<dns_client>> dns_; ///< by resolvers
    std::unique_ptr<lifecycle::revocation_watch> crls_;
    std::shared_ptr<preflight> preflight_;
    std::map<std::string, challenge> challenges_;
    std::vector<std::unique_ptr<solver>> retired_;    ///< closed, but orders under way may still name them
    std::vector<systemd::passed_descriptor> sockets_; ///< from systemd, not used yet
    std::unique_ptr<lifecycle::engine> engine_;
    std::unique_ptr<solvers::standing_watch> records_;
};

} // namespace evercert::daemon
