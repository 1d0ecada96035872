#include "daemon/wiring.hpp"

#include "core/backends/filesystem_store.hpp"
#include "core/backends/process_runner.hpp"
#include "core/crypto/base64url.hpp"
#include "core/dns/system_client.hpp"
#include "core/net/http_client.hpp"
#include "core/net/tls_probe.hpp"
#include "core/preflight/preflight.hpp"
#include "daemon/dns_providers.hpp"
#include "solvers/dns01/dns01_solver.hpp"
#include "solvers/dns_persist01/dns_persist01_solver.hpp"
#include "solvers/http01/http01_solver.hpp"
#include "solvers/http01/webroot_solver.hpp"
#include "solvers/tls_alpn01/tls_alpn01_solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
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

result<crypto::secret> read_hmac_key(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(4096, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    if (text.empty()) {
        return fail(errc::io,
                    fmt::format("the external account's key file {} cannot be read or is empty", file));
    }
    auto decoded = crypto::base64_decode_liberal(text);
    crypto::wipe(text);
    if (!decoded || decoded->empty()) {
        return fail(errc::parse,
                    fmt::format("{} does not hold a base64 HMAC key as the CA hands it out", file));
    }
    return crypto::secret(std::move(*decoded));
}

solvers::propagation_check check_of(const std::string& word) {
    return word == "off"    ? solvers::propagation_check::off
           : word == "warn" ? solvers::propagation_check::warn
                            : solvers::propagation_check::enforce;
}

std::optional<wall_time> next_renewal(const lifecycle::engine& engine, const std::string& certificate) {
    const auto status = engine.show(certificate);
    return status && status->where == lifecycle::state::waiting ? status->next_run : std::nullopt;
}

std::set<std::string> used_challenges(const config::settings& settings) {
    std::set<std::string> used;
    const issuance_policy* last = nullptr; // many entries share one
    for (const certificate_ptr& each : settings.certificates) {
        if (each->policy.get() != std::exchange(last, each->policy.get())) {
            for (const std::string& name : all_challenges(*each->policy)) {
                used.insert(name);
            }
        }
    }
    return used;
}

} // namespace

result<std::unique_ptr<store>> open_store(const std::string& data_dir) {
    return backends::open_filesystem_store(data_dir);
}

wiring::wiring(asio::any_io_executor executor, time_source& time, log& events, std::unique_ptr<store> files,
               const config::settings& settings, std::vector<systemd::passed_descriptor> sockets)
    : executor_(std::move(executor))
    , time_(time)
    , random_(make_system_random())
    , files_(std::move(files))
    , repository_(*files_)
    , vault_(lifecycle::make_file_vault(repository_))
    , workers_(worker_threads)
    , history_(executor_, events, repository_, workers_, time_)
    , processes_(backends::make_process_runner(executor_))
    , deployer_(make_deployer(executor_, *processes_, time_, history_, settings.deployments, net::probe_tls))
    , crls_(std::make_unique<lifecycle::revocation_watch>(http_for(""), time_, *random_, workers_, history_))
    , sockets_(std::move(sockets))
    , engine_(lifecycle::make_engine(
          executor_,
          lifecycle::engine_parts{
              .repository = repository_,
              .files = *vault_,
              .deploys = *deployer_,
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
          .next_renewal = [this](const std::string& name) { return next_renewal(*engine_, name); }})) {}

wiring::~wiring() = default;

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

result<std::unique_ptr<acme::client>> wiring::make_client(const issuer& settings) {
    const acme::client_parts parts{
        .http = http_for(settings.trust), .time = time_, .random = *random_, .events = history_};
    return acme::make_client(settings, parts, executor_);
}

/// A reload may bring another while this one looks.
awaitable<std::vector<finding>> wiring::look_ahead(preflight_request request) {
    const std::shared_ptr<preflight> current = preflight_;
    co_return co_await current->examine(std::move(request));
}

/// Sockets from systemd that carry the challenge's name are its own; nameless ones serve the first challenge
/// that asks and may have them.
std::vector<net::listen_address> wiring::places_for(const std::string& challenge_name,
                                                    const std::vector<endpoint>& configured,
                                                    bool nameless_too) {
    std::vector<net::listen_address> places;
    for (auto it = sockets_.begin(); it != sockets_.end();) {
        const bool nameless = it->name == "unknown" || it->name.ends_with(".socket");
        if (it->name != challenge_name && !(nameless && nameless_too)) {
            ++it;
            continue;
        }
        places.emplace_back(net::passed_socket{it->descriptor});
        it = sockets_.erase(it);
    }
    if (places.empty()) {
        places.assign(configured.begin(), configured.end());
    }
    return places;
}

wiring::challenge wiring::make_challenge(const config::challenge& settings) {
    challenge made;
    made.settings = settings;
    if (const auto* http = std::get_if<config::http01_listener>(&settings.how)) {
        solvers::http01_settings how;
        how.redirect_to_https = http->redirect_to_https;
        how.listen = places_for(settings.name, http->listen);
        auto listener = solvers::make_http01_solver(executor_, history_, std::move(how));
        made.listener = listener.get();
        made.answers = std::move(listener);
    } else if (const auto* webroot = std::get_if<config::http01_webroot>(&settings.how)) {
        made.answers = solvers::make_webroot_solver(webroot->folder, workers_);
    } else if (const auto* alpn = std::get_if<config::tls_alpn01_listener>(&settings.how)) {
        solvers::tls_alpn01_settings how;
        how.listen = places_for(settings.name, alpn->listen);
        auto listener = solvers::make_tls_alpn01_solver(executor_, history_, time_, std::move(how));
        made.listener = listener.get();
        made.answers = std::move(listener);
    } else if (const auto* standing = std::get_if<config::dns_persist_challenge>(&settings.how)) {
        made.answers = make_dns_persist_solver(*standing);
    } else if (const auto* dns = std::get_if<config::dns_challenge>(&settings.how);
               dns != nullptr && dns->own) {
        auto own = make_name_server(settings.name, *dns);
        if (own) {
            made.name_server = own->get();
            made.listener = made.name_server;
            made.answers = std::move(*own);
        } else { // checked settings make one
            history_.emit({.id = "challenge.unusable",
                           .level = severity::error,
                           .certificate = {},
                           .message = own.error().within("challenge " + settings.name).text(),
                           .fields = {{"challenge", settings.name}}});
        }
    } else if (dns != nullptr) {
        auto late = std::make_unique<late_solver>(config::challenge_type(settings),
                                                  [this, how = *dns] { return make_dns_solver(how); });
        made.late = late.get();
        made.answers = std::move(late);
    }
    return made;
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

solvers::dns01_settings wiring::proof_of(const config::dns_challenge& settings) {
    solvers::dns01_settings how;
    how.per_account = settings.per_account;
    how.check = settings.propagation == "off"    ? solvers::propagation_check::off
                : settings.propagation == "warn" ? solvers::propagation_check::warn
                                                 : solvers::propagation_check::enforce;
    how.patience = settings.propagation_timeout;
    return how;
}

result<std::unique_ptr<solver>> wiring::make_dns_solver(const config::dns_challenge& settings) {
    dns_client& dns = dns_for(settings.resolvers);
    const provider_parts parts{.world = {http_for(""), time_, workers_},
                               .dns = dns,
                               .processes = *processes_,
                               .state_folder = files_->absolute("hooks")};
    auto provider = make_dns_provider(settings, parts);
    if (!provider) {
        return fail(std::move(provider.error()));
    }
    return solvers::make_dns01_solver(std::move(*provider), {dns, time_, history_}, proof_of(settings));
}

result<std::unique_ptr<solvers::self_solver>>
wiring::make_name_server(const std::string& challenge_name, const config::dns_challenge& settings) {
    solvers::self_settings how;
    how.listen = places_for(challenge_name, settings.own->listen, false);
    how.zone.nameserver = settings.own->nameserver;
    how.zone.zone = settings.own->zone;
    how.zone.addresses = settings.own->addresses;
    how.zone.ttl = settings.ttl.value_or(how.zone.ttl);
    const auto since = std::chrono::duration_cast<seconds>(time_.now().time_since_epoch());
    how.zone.serial = static_cast<std::uint32_t>(since.count());
    how.proof = proof_of(settings);
    return solvers::make_self_solver(executor_, {dns_for(settings.resolvers), time_, history_}, *random_,
                                     std::move(how));
}

void wiring::tell_names(const config::settings& settings) {
    for (auto& [name, what] : challenges_) {
        if (what.name_server == nullptr) {
            continue;
        }
        std::vector<std::string> names;
        for (const certificate_ptr& each : settings.certificates) {
            for (const identifier& proven : each->names) {
                const auto& answers = challenges_for(*each->policy, proven);
                if (proven.type == identifier::kind::dns &&
                    std::ranges::find(answers, name) != answers.end()) {
                    names.push_back(proven.base());
                }
            }
        }
        what.name_server->know(names);
    }
}

std::unique_ptr<solver> wiring::make_dns_persist_solver(const config::dns_persist_challenge& settings) {
    solvers::dns_persist01_settings how;
    how.check = check_of(settings.propagation);
    how.patience = settings.propagation_timeout;
    return solvers::make_dns_persist01_solver({dns_for(settings.resolvers), time_, history_}, how);
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

void wiring::make_ready(challenge& what) {
    if (what.listener == nullptr && what.late == nullptr) {
        return;
    }
    const bool listens = what.listener != nullptr;
    auto ready = listens ? what.listener->open() : what.late->make();
    if (!ready && !listens) {
        ready = fail(ready.error().within("challenge " + what.settings.name));
    }
    const std::string trouble = ready ? std::string() : ready.error().text();
    if (trouble == what.trouble) {
        return;
    }
    event told{.id = listens ? (ready ? "listener.open" : "listener.failed")
                             : (ready ? "challenge.usable" : "challenge.unusable"),
               .level = ready ? severity::info : severity::error,
               .certificate = {},
               .message =
                   ready ? fmt::format("challenge {} can be answered now", what.settings.name) : trouble,
               .fields = {{"challenge", what.settings.name}}};
    history_.emit(told);
    what.trouble = trouble;
}

awaitable<void> wiring::apply(config::settings settings) {
    deployer_->configure(settings.deployments);
    const preflight_parts looks(time_, *random_, dns_for(settings.resolvers),
                                [this](const std::string& trust) -> http_client& { return http_for(trust); });
    preflight_ = make_preflight(looks);
    std::vector<solvers::listening_solver*> closing; // taken out first: nothing here may change while we wait
    for (auto it = challenges_.begin(); it != challenges_.end();) {
        const auto wanted = settings.challenges.find(it->first);
        if (wanted != settings.challenges.end() && wanted->second == it->second.settings) {
            ++it;
            continue;
        }
        if (it->second.listener != nullptr) {
            closing.push_back(it->second.listener);
        }
        if (it->second.answers) {
            retired_.push_back(std::move(it->second.answers));
        }
        it = challenges_.erase(it);
    }
    for (solvers::listening_solver* listener : closing) {
        co_await listener->close();
    }
    lifecycle::assignment work;
    work.issuers = settings.issuers;
    const std::set<std::string> used = used_challenges(settings);
    for (const auto& [name, how] : settings.challenges) {
        auto found = challenges_.find(name);
        if (found == challenges_.end() && used.contains(name)) {
            found = challenges_.emplace(name, make_challenge(how)).first;
        }
        if (found != challenges_.end() && found->second.answers) {
            work.solvers.emplace(name, found->second.answers.get());
        }
    }
    tell_names(settings);
    retry_challenges();
    watch_records(settings);
    work.certificates = std::move(settings.certificates);
    engine_->assign(std::move(work));
}

void wiring::retry_challenges() {
    for (auto& [name, what] : challenges_) {
        make_ready(what);
    }
}

std::vector<std::string> wiring::listener_addresses() const {
    std::vector<std::string> all;
    for (const auto& [name, what] : challenges_) {
        const auto addresses =
            what.listener != nullptr ? what.listener->addresses() : std::vector<std::string>();
        all.insert(all.end(), addresses.begin(), addresses.end());
    }
    return all;
}

awaitable<void> wiring::close_listeners() {
    for (auto& [name, what] : challenges_) {
        if (what.listener != nullptr) {
            co_await what.listener->close();
        }
    }
}

} // namespace evercert::daemon
