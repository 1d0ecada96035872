#include "daemon/challenge_set.hpp"

#include "daemon/dns_providers.hpp"
#include "solvers/dns01/dns01_solver.hpp"
#include "solvers/dns_persist01/dns_persist01_solver.hpp"
#include "solvers/http01/http01_solver.hpp"
#include "solvers/http01/webroot_solver.hpp"
#include "solvers/tls_alpn01/tls_alpn01_solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace evercert::daemon {
namespace {

solvers::propagation_check check_of(const std::string& word) {
    return word == "off"    ? solvers::propagation_check::off
           : word == "warn" ? solvers::propagation_check::warn
                            : solvers::propagation_check::enforce;
}

/// What a challenge listens on, if it does.
std::optional<socket_demand> demand_of(const config::challenge& what) {
    if (const auto* http = std::get_if<config::http01_listener>(&what.how)) {
        return socket_demand{what.name, http->listen, traffic::streams};
    }
    if (const auto* alpn = std::get_if<config::tls_alpn01_listener>(&what.how)) {
        return socket_demand{what.name, alpn->listen, traffic::streams};
    }
    const auto* dns = std::get_if<config::dns_challenge>(&what.how);
    if (dns != nullptr && dns->own) {
        return socket_demand{what.name, dns->own->listen, traffic::dns};
    }
    return std::nullopt;
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

challenge_set::challenge_set(challenge_parts parts, std::vector<systemd::passed_descriptor> sockets)
    : parts_(std::move(parts)), sockets_(std::move(sockets)) {}

/// Which of the passed sockets is whose is decided with all challenges in view, before the first is made.
void challenge_set::share_out_sockets(const config::settings& settings, const std::set<std::string>& used) {
    std::vector<socket_demand> demands;
    for (const auto& [name, how] : settings.challenges) {
        if (used.contains(name) && !all_.contains(name)) {
            if (auto demand = demand_of(how)) {
                demands.push_back(std::move(*demand));
            }
        }
    }
    sockets_.share_out(demands);
    const std::vector<std::string> idle = sockets_.idle();
    if (settings.certificates.empty() || idle == told_idle_) {
        return;
    }
    told_idle_ = idle;
    for (const std::string& address : idle) {
        parts_.events.emit(
            {.id = "listener.unused",
             .level = severity::warning,
             .certificate = {},
             .message = fmt::format(
                 "systemd passed a socket that listens on {}, and no challenge in use has a `listen` with "
                 "that port: who connects there waits for nothing, and another server cannot have the port. "
                 "Give a challenge that `listen`, or give the socket up: `systemctl mask evercertd.socket`, "
                 "then stop and start evercertd",
                 address),
             .fields = {{"address", address}}});
    }
}

awaitable<void> challenge_set::drop_all_but(std::map<std::string, config::challenge> wanted) {
    std::vector<solvers::listening_solver*> closing; // taken out first: nothing here may change while we wait
    for (auto it = all_.begin(); it != all_.end();) {
        const auto same = wanted.find(it->first);
        if (same != wanted.end() && same->second == it->second.settings) {
            ++it;
            continue;
        }
        if (it->second.listener != nullptr) {
            closing.push_back(it->second.listener);
        }
        if (it->second.answers) {
            retired_.push_back(std::move(it->second.answers));
        }
        sockets_.take_back(it->first);
        it = all_.erase(it);
    }
    for (solvers::listening_solver* listener : closing) {
        co_await listener->close();
    }
}

std::map<std::string, solver*> challenge_set::make(const config::settings& settings) {
    std::map<std::string, solver*> usable;
    const std::set<std::string> used = used_challenges(settings);
    share_out_sockets(settings, used);
    for (const auto& [name, how] : settings.challenges) {
        auto found = all_.find(name);
        if (found == all_.end() && used.contains(name)) {
            found = all_.emplace(name, make_challenge(how)).first;
        }
        if (found != all_.end() && found->second.answers) {
            usable.emplace(name, found->second.answers.get());
        }
    }
    tell_names(settings);
    retry();
    return usable;
}

challenge_set::one challenge_set::make_challenge(const config::challenge& settings) {
    one made;
    made.settings = settings;
    if (const auto* http = std::get_if<config::http01_listener>(&settings.how)) {
        solvers::http01_settings how;
        how.redirect_to_https = http->redirect_to_https;
        how.listen = sockets_.places(settings.name, http->listen);
        auto listener = solvers::make_http01_solver(parts_.executor, parts_.events, std::move(how));
        made.listener = listener.get();
        made.answers = std::move(listener);
    } else if (const auto* webroot = std::get_if<config::http01_webroot>(&settings.how)) {
        made.answers = solvers::make_webroot_solver(webroot->folder, parts_.workers);
    } else if (const auto* alpn = std::get_if<config::tls_alpn01_listener>(&settings.how)) {
        solvers::tls_alpn01_settings how;
        how.listen = sockets_.places(settings.name, alpn->listen);
        auto listener =
            solvers::make_tls_alpn01_solver(parts_.executor, parts_.events, parts_.time, std::move(how));
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
            parts_.events.emit({.id = "challenge.unusable",
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

solvers::dns01_settings challenge_set::proof_of(const config::dns_challenge& settings) {
    solvers::dns01_settings how;
    how.per_account = settings.per_account;
    how.check = check_of(settings.propagation);
    how.patience = settings.propagation_timeout;
    return how;
}

result<std::unique_ptr<solver>> challenge_set::make_dns_solver(const config::dns_challenge& settings) {
    dns_client& dns = parts_.dns(settings.resolvers);
    const provider_parts parts{.world = {parts_.https, parts_.time, parts_.workers},
                               .dns = dns,
                               .processes = parts_.processes,
                               .state_folder = parts_.state_folder};
    auto provider = make_dns_provider(settings, parts);
    if (!provider) {
        return fail(std::move(provider.error()));
    }
    return solvers::make_dns01_solver(std::move(*provider), {dns, parts_.time, parts_.events},
                                      proof_of(settings));
}

result<std::unique_ptr<solvers::self_solver>>
challenge_set::make_name_server(const std::string& challenge_name, const config::dns_challenge& settings) {
    solvers::self_settings how;
    how.listen = sockets_.places(challenge_name, settings.own->listen);
    how.zone.nameserver = settings.own->nameserver;
    how.zone.zone = settings.own->zone;
    how.zone.addresses = settings.own->addresses;
    how.zone.ttl = settings.ttl.value_or(how.zone.ttl);
    const auto since = std::chrono::duration_cast<seconds>(parts_.time.now().time_since_epoch());
    how.zone.serial = static_cast<std::uint32_t>(since.count());
    how.proof = proof_of(settings);
    return solvers::make_self_solver(parts_.executor,
                                     {parts_.dns(settings.resolvers), parts_.time, parts_.events},
                                     parts_.random, std::move(how));
}

void challenge_set::tell_names(const config::settings& settings) {
    for (auto& [name, what] : all_) {
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

std::unique_ptr<solver>
challenge_set::make_dns_persist_solver(const config::dns_persist_challenge& settings) {
    solvers::dns_persist01_settings how;
    how.check = check_of(settings.propagation);
    how.patience = settings.propagation_timeout;
    return solvers::make_dns_persist01_solver({parts_.dns(settings.resolvers), parts_.time, parts_.events},
                                              how);
}

void challenge_set::make_ready(one& what) {
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
    parts_.events.emit(told);
    what.trouble = trouble;
}

void challenge_set::retry() {
    for (auto& [name, what] : all_) {
        make_ready(what);
    }
}

std::vector<std::string> challenge_set::addresses() const {
    std::vector<std::string> all;
    for (const auto& [name, what] : all_) {
        const auto addresses =
            what.listener != nullptr ? what.listener->addresses() : std::vector<std::string>();
        all.insert(all.end(), addresses.begin(), addresses.end());
    }
    return all;
}

std::vector<challenge_traffic> challenge_set::traffic() const {
    std::vector<challenge_traffic> all;
    for (const auto& [name, what] : all_) {
        if (what.listener != nullptr) {
            all.push_back(
                {name, std::string(config::challenge_type(what.settings)), what.listener->counters()});
        }
    }
    return all;
}

awaitable<void> challenge_set::close() {
    for (auto& [name, what] : all_) {
        if (what.listener != nullptr) {
            co_await what.listener->close();
        }
    }
}

} // namespace evercert::daemon
