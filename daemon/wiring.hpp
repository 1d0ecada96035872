#pragma once
// The place that names concrete classes, with challenge_set and dns_providers: reading them is reading what
// this build can do.
#include "config/settings.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history_sink.hpp"
#include "core/lifecycle/revocation_watch.hpp"
#include "core/lifecycle/vault.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/dns_client.hpp"
#include "core/ports/store.hpp"
#include "daemon/challenge_set.hpp"
#include "daemon/control/event_feed.hpp"
#include "daemon/deploy/deployer.hpp"
#include "daemon/log/log.hpp"
#include "daemon/notify/notifier.hpp"
#include "daemon/status/tally.hpp"
#include "solvers/dns_persist01/standing_watch.hpp"
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
    /// `files` is the locked store. Deployments are done by evercert-deploy at `deploy_socket`, or here if
    /// that is empty. `counted` also passes events on to the log. Nothing is opened or started here.
    wiring(asio::any_io_executor executor, time_source& time, status::tally& counted,
           std::unique_ptr<store> files, const config::settings& settings,
           std::vector<systemd::passed_descriptor> sockets, const std::string& deploy_socket);
    ~wiring();

    /// Objects for these settings: challenges, deployments and the engine's assignment are replaced as far as
    /// they changed. Challenges that cannot be answered are events, and are tried again by
    /// challenges().retry().
    awaitable<void> apply(config::settings settings);
    [[nodiscard]] challenge_set& challenges() noexcept { return challenges_; }
    [[nodiscard]] lifecycle::engine& engine() noexcept { return *engine_; }
    [[nodiscard]] server_deployer& deploys() noexcept { return *deployer_; }
    /// The watch over standing DNS records; its run() ends before this does.
    [[nodiscard]] solvers::standing_watch& records() noexcept { return *records_; }
    /// The activity record, which passes events on to the log. Stopped last.
    [[nodiscard]] lifecycle::history_sink& history() noexcept { return history_; }
    /// Who is told of what. Its stop() ends before this does.
    [[nodiscard]] notifier& notices() noexcept { return notices_; }
    /// Who follows what happens. Closed before this ends.
    [[nodiscard]] event_feed& feed() noexcept { return feed_; }
    /// Revocation lists that are kept.
    [[nodiscard]] std::size_t crl_lists() const noexcept { return crls_->lists(); }

private:
    awaitable<std::vector<finding>> look_ahead(preflight_request request);
    result<std::unique_ptr<acme::client>> make_client(const issuer& settings);
    http_client& http_for(const std::string& trust);
    http_client& metered_for(const issuer& settings);
    void watch_records(const config::settings& settings);
    notifier_parts telling();
    std::shared_ptr<channel> make_channel(const config::notification& rule);
    dns_client& dns_for(const std::vector<endpoint>& resolvers);

    asio::any_io_executor executor_;
    time_source& time_;
    status::tally& counted_;
    std::unique_ptr<random_source> random_;
    std::unique_ptr<store> files_;
    storage::repository repository_;
    std::unique_ptr<lifecycle::vault> vault_;
    worker_pool workers_;
    event_feed feed_;
    fan_out outlets_; ///< behind the activity record: the log, who is told, and who follows
    lifecycle::history_sink history_;
    std::unique_ptr<process_runner> processes_;
    std::unique_ptr<server_deployer> deployer_;
    std::unique_ptr<deployer> outputs_;                        ///< before that one
    std::map<std::string, std::unique_ptr<http_client>> http_; ///< by trust file
    std::map<std::pair<std::string, std::string>, std::unique_ptr<http_client>>
        metered_;                                                      ///< by issuer and trust file
    std::map<std::vector<endpoint>, std::unique_ptr<dns_client>> dns_; ///< by resolvers
    notifier notices_;
    std::unique_ptr<lifecycle::revocation_watch> crls_;
    std::shared_ptr<preflight> preflight_;
    challenge_set challenges_;
    std::unique_ptr<lifecycle::engine> engine_;
    std::unique_ptr<solvers::standing_watch> records_;
};

} // namespace evercert::daemon
