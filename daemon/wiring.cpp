#include "daemon/wiring.hpp"

#include "core/backends/filesystem_store.hpp"
#include "core/backends/process_runner.hpp"
#include "core/crypto/base64url.hpp"
#include "core/dns/system_client.hpp"
#include "core/net/http_client.hpp"
#include "core/net/smtp_client.hpp"
#include "core/net/tls_probe.hpp"
#include "core/preflight/preflight.hpp"
#include "daemon/deploy/haproxy_runtime.hpp"
#include "daemon/helper/remote_deployer.hpp"
#include "daemon/outputs/output_deployer.hpp"
#include "solvers/dns01/secret_source.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <unistd.h>
#include <utility>

namespace evercert::daemon {
namespace {

/// Threads for durable writes and RSA keys: they mostly wait for the disk.
constexpr unsigned worker_threads = 4;

std::string environment(const char* lower, const char* upper) {
    const char* value = std::getenv(lower);
    value = value != nullptr ? value : std::getenv(upper);
    return value != nullptr ? value : "";
}

result<crypto::secret> read_hmac_key(const external_account& whose) {
    constexpr std::size_t limit = 4096;
    result<solvers::secret_source> source =
        whose.hmac_key_credential.empty() ? solvers::secret_source::file(whose.hmac_key_file)
                                          : solvers::secret_source::credential(whose.hmac_key_credential);
    result<crypto::secret> text = source ? source->read(limit) : fail(source.error());
    if (!text) {
        return fail(text.error().within("the external account's HMAC key"));
    }
    auto decoded = crypto::base64_decode_liberal(text->view());
    if (!decoded || decoded->empty()) {
        return fail(errc::parse, fmt::format("{} does not hold a base64 HMAC key as the CA hands it out",
                                             source->place()));
    }
    return crypto::secret(std::move(*decoded));
}

/// All steps here, or with privileges split: handshakes here, the rest by evercert-deploy.
std::unique_ptr<server_deployer> make_deploys(const asio::any_io_executor& executor, process_runner& runner,
                                              time_source& time, worker_pool& workers, event_sink& events,
                                              status::tally& counted,
                                              const std::map<std::string, deployment>& deployments,
                                              const std::string& socket) {
    const auto steps = socket.empty() ? deploy_steps::all : deploy_steps::looks;
    const auto count = [&counted](const std::string& name, bool good) { counted.deployed(name, good); };
    auto here = make_deployer(executor, runner, time, events, deployments, net::probe_tls, {}, steps,
                              haproxy_updates(workers, time), count);
    return socket.empty()
               ? std::move(here)
               : make_remote_deployer(executor, events, socket, deployments, std::move(here), count);
}

/// As far as it can stand in a mail header and behind EHLO.
std::string host_name() {
    std::array<char, 256> name{};
    std::string text = ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
    std::erase_if(text, [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                 c == '-');
    });
    return text.empty() ? "localhost" : text;
}

awaitable<result<std::string>> send_by_smtp(asio::any_io_executor executor, outgoing_mail what) {
    net::mail_delivery how;
    how.server = std::move(what.server);
    how.our_name = std::move(what.our_name);
    how.from = std::move(what.from);
    how.to = std::move(what.to);
    how.message = std::move(what.message);
    how.deadline = what.deadline;
    how.all_or_none = what.all_or_none;
    return net::send_mail(std::move(executor), std::move(how));
}

std::optional<wall_time> next_renewal(const lifecycle::engine& engine, const std::string& certificate) {
    const auto status = engine.show(certificate);
    return status && status->where == lifecycle::state::waiting ? status->next_run : std::nullopt;
}

/// Our own store is trusted: what it has was checked when it came in, and an expired version has copies too.
result<storage::stored_version> read_own_set(const storage::repository& from,
                                             const std::string& certificate) {
    storage::inventory found = from.look(certificate);
    if (found.live) {
        return std::move(*found.live);
    }
    return fail(errc::corrupted, found.trouble.empty() ? "there is no live version of " + certificate
                                                       : std::move(found.trouble));
}

} // namespace

result<std::unique_ptr<store>> open_store(const std::string& data_dir) {
    return backends::open_filesystem_store(data_dir);
}

wiring::wiring(asio::any_io_executor executor, time_source& time, status::tally& counted,
               std::unique_ptr<store> files, const config::settings& settings,
               std::vector<systemd::passed_descriptor> sockets, const std::string& deploy_socket)
    : executor_(std::move(executor))
    , time_(time)
    , counted_(counted)
    , random_(make_system_random())
    , files_(std::move(files))
    , repository_(*files_)
    , vault_(lifecycle::make_file_vault(repository_))
    , workers_(worker_threads)
    , feed_(time_)
    , history_(executor_, outlets_, repository_, workers_, time_)
    , processes_(backends::make_process_runner(executor_))
    , deployer_(make_deploys(executor_, *processes_, time_, workers_, history_, counted_,
                             settings.deployments, deploy_socket))
    , outputs_(make_output_deployer(output_parts{.inner = *deployer_,
                                                 .live = [this](const deployment_task& task) -> live_reader {
                                                     return [this, name = task.certificate] {
                                                         return read_own_set(repository_, name);
                                                     };
                                                 },
                                                 .workers = workers_,
                                                 .events = history_}))
    , notices_(executor_, telling())
    , crls_(std::make_unique<lifecycle::revocation_watch>(http_for(""), time_, *random_, workers_, history_))
    , challenges_(challenge_parts{.executor = executor_,
                                  .time = time_,
                                  .random = *random_,
                                  .events = history_,
                                  .workers = workers_,
                                  .processes = *processes_,
                                  .https = http_for(""),
                                  .dns = [this](const std::vector<endpoint>& resolvers) -> dns_client& {
                                      return dns_for(resolvers);
                                  },
                                  .state_folder = files_->absolute("hooks")},
                  std::move(sockets))
    , engine_(lifecycle::make_engine(
          executor_,
          lifecycle::engine_parts{
              .repository = repository_,
              .files = *vault_,
              .deploys = deploy_socket.empty() ? *outputs_ : *deployer_, // else they are written there
              .events = history_,
              .time = time_,
              .random = *random_,
              .workers = workers_,
              .make_client = [this](const issuer& which) { return make_client(which); },
              .read_hmac_key = read_hmac_key,
              .check_crl = [this](auto leaf,
                                  auto issuer) { return crls_->check(std::move(leaf), std::move(issuer)); },
              .peek_crl = [this](const auto& leaf,
                                 const auto& issuer) { return crls_->cached(leaf, issuer); },
              .look_ahead = [this](preflight_request what) { return look_ahead(std::move(what)); },
              .peek_records = [this](const std::string& name) { return records_->problem(name); }}))
    , records_(std::make_unique<solvers::standing_watch>(solvers::watch_parts{
          .time = time_,
          .random = *random_,
          .events = history_,
          .facts = [this](std::string name) { return engine_->facts(std::move(name)); },
          .next_renewal = [this](const std::string& name) { return next_renewal(*engine_, name); }})) {
    outlets_.add(counted);
    outlets_.add(notices_);
    outlets_.add(feed_);
}

wiring::~wiring() = default;

/// The engine comes later than what it tells its events to.
notifier_parts wiring::telling() {
    return {.show = [this](std::string_view name) { return engine_->show(name); },
            .list = [this](std::string_view after, std::size_t most) { return engine_->list(after, most); },
            .files = *files_,
            .workers = workers_,
            .time = time_,
            .random = *random_,
            .events = history_,
            .host = host_name(),
            .make_channel = [this](const config::notification& rule) { return make_channel(rule); }};
}

std::shared_ptr<channel> wiring::make_channel(const config::notification& rule) {
    if (const auto* hook = std::get_if<config::webhook_channel>(&rule.how)) {
        return make_webhook({.http = http_for(hook->trust), .workers = workers_, .time = time_}, *hook,
                            rule.timeout);
    }
    if (const auto* letter = std::get_if<config::mail_channel>(&rule.how)) {
        auto smtp = [this](outgoing_mail what) { return send_by_smtp(executor_, std::move(what)); };
        return make_mail({.processes = *processes_, .smtp = smtp, .host = host_name()}, *letter,
                         rule.timeout);
    }
    return make_command(*processes_, std::get<config::command_channel>(rule.how), rule.timeout);
}

http_client& wiring::http_for(const std::string& trust) {
    auto& client = http_[trust];
    if (!client) {
        net::http_client_settings how;
        how.trust = trust;
        how.user_agent = "evercert/" EVERCERT_VERSION;
        how.https_proxy = environment("https_proxy", "HTTPS_PROXY");
        how.no_proxy = environment("no_proxy", "NO_PROXY");
        client = net::make_http_client(executor_, std::move(how));
    }
    return *client;
}

/// Clients of an issuer may outlive its settings: none of these goes before they do.
http_client& wiring::metered_for(const issuer& settings) {
    auto& client = metered_[{settings.name, settings.trust}];
    if (!client) {
        client =
            std::make_unique<status::metered_http>(http_for(settings.trust), settings.name, time_, counted_);
    }
    return *client;
}

result<std::unique_ptr<acme::client>> wiring::make_client(const issuer& settings) {
    const acme::client_parts parts{
        .http = metered_for(settings), .time = time_, .random = *random_, .events = history_};
    return acme::make_client(settings, parts, executor_);
}

/// A reload may bring another while this one looks.
awaitable<std::vector<finding>> wiring::look_ahead(preflight_request request) {
    const std::shared_ptr<preflight> current = preflight_;
    co_return co_await current->examine(std::move(request));
}

dns_client& wiring::dns_for(const std::vector<endpoint>& resolvers) {
    std::unique_ptr<dns_client>& client = dns_[resolvers];
    if (!client) {
        dns::client_settings how;
        how.resolvers = resolvers;
        client = dns::make_dns_client(executor_, time_, *random_, std::move(how));
    }
    return *client;
}

void wiring::watch_records(const config::settings& settings) {
    std::map<std::string, dns_client*> clients;
    for (const auto& [name, how] : settings.challenges) {
        if (const auto* standing = std::get_if<config::dns_persist_challenge>(&how.how)) {
            clients.emplace(name, &dns_for(standing->resolvers));
        }
    }
    records_->assign(settings.certificates, std::move(clients));
}

awaitable<void> wiring::apply(config::settings settings) {
    deployer_->configure(settings.deployments);
    const preflight_parts looks(time_, *random_, dns_for(settings.resolvers),
                                [this](const std::string& trust) -> http_client& { return http_for(trust); });
    preflight_ = make_preflight(looks);
    co_await challenges_.drop_all_but(settings.challenges);
    lifecycle::assignment work;
    work.issuers = settings.issuers;
    work.solvers = challenges_.make(settings);
    watch_records(settings);
    const std::vector<config::notification> rules = std::move(settings.notifications);
    work.certificates = std::move(settings.certificates);
    engine_->assign(std::move(work));
    notices_.configure(rules);
}

} // namespace evercert::daemon
