#include "daemon/migrate/plan.hpp"

#include "config/builtin.hpp"
#include "config/load.hpp"
#include "config/names.hpp"
#include "core/base/text.hpp"
#include "core/net/url.hpp"
#include "daemon/migrate/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::daemon {
namespace {

constexpr std::size_t most_lineages = 10'000;

/// As ConfigObj reads it.
bool is_off(std::string_view flag) {
    constexpr std::array<std::string_view, 4> words{"false", "off", "no", "0"};
    return std::ranges::find(words, to_lower_ascii(flag)) != words.end();
}

/// Counts what is said, so that of several the most frequent can be taken.
using votes = std::map<std::string, std::size_t>;

/// As certbot tells them apart.
bool is_test_ca(std::string_view server) {
    return server.find("staging") != server.npos;
}

std::string winner(const votes& from) {
    const auto best =
        std::ranges::max_element(from, [](const auto& a, const auto& b) { return a.second < b.second; });
    return best == from.end() ? std::string() : best->first;
}

class planner {
public:
    planner(const certbot_tree& tree, const import_wishes& wishes) : tree_(tree), wishes_(wishes) {}

    import_plan make() {
        plan_.report.source = tree_.root();
        const certbot_options cli = read_cli_ini(tree_, plan_.report);
        read_all();
        challenge_mapping challenges(tree_, wishes_.config_folder, behind_server());
        deployment_mapping deployments(tree_, cli);
        for (std::size_t i = 0; i < lineages_.size(); ++i) {
            if (lineages_[i]) {
                plan_one(i, challenges, deployments);
            }
        }
        plan_.challenges = std::move(challenges.challenges);
        plan_.secrets = std::move(challenges.secrets);
        deployments.tell_folder_hooks(plan_.report);
        plan_.deployments = std::move(deployments.deployments);
        for (planned_issuer& each : plan_.issuers) {
            finish_issuer(each, cli);
        }
        find_emails(cli);
        return std::move(plan_);
    }

private:
    void read_all() {
        std::vector<std::string> names = lineage_names(tree_);
        if (names.size() > most_lineages) {
            plan_.report.add(remark_kind::failed,
                             fmt::format("there are {} renewal configurations, of which the first "
                                         "{} were read",
                                         names.size(), most_lineages));
            names.resize(most_lineages);
        }
        for (const std::string& name : names) {
            lineage_report& report = plan_.report.lineages.emplace_back();
            report.lineage = name;
            auto read = read_lineage(tree_, name, wishes_.now);
            if (!read) {
                report.add(remark_kind::failed, read.error().text());
                lineages_.emplace_back();
            } else if (is_off(read->params.text("autorenew").value_or(""))) {
                report.add(remark_kind::left, "certbot was told not to renew it (autorenew)");
                lineages_.emplace_back();
            } else {
                lineages_.push_back(std::move(*read));
            }
        }
    }

    [[nodiscard]] bool behind_server() const {
        return std::ranges::any_of(lineages_, [](const auto& each) {
            return each && (each->authenticator == "nginx" || each->authenticator == "apache");
        });
    }

    void plan_one(std::size_t at, challenge_mapping& challenges, deployment_mapping& deployments) {
        certbot_lineage& from = *lineages_[at];
        lineage_report& report = plan_.report.lineages[at];
        if (planned_entry* const twin = find_twin(from); twin != nullptr) {
            join_twin(*twin, at, challenges, deployments);
            return;
        }
        auto proven = challenges.map(from, report);
        if (!proven) {
            return;
        }
        planned_entry made;
        made.name = free_name(from.name, report);
        made.names = from.names;
        made.issuer = issuer_at(from.server).name;
        made.keys = {choose_key(from, report)};
        say_how(made, std::move(*proven), from, report, deployments);
        take_pair(made, at, 0);
        plan_.entries.push_back(std::move(made));
    }

    /// All of an entry but its names, keys and CA.
    void say_how(planned_entry& made, proof proven, const certbot_lineage& from, lineage_report& report,
                 deployment_mapping& deployments) {
        vote(from);
        made.challenge = std::move(proven.challenge);
        made.rules = std::move(proven.rules);
        made.reuse_key = from.params.flag("reuse_key");
        made.profile =
            from.params.text("required_profile").value_or(from.params.text("preferred_profile").value_or(""));
        made.deploy = deployments.map(from, report);
        tell_what_is_not(from, report);
        if (from.authenticator == "nginx" || from.authenticator == "apache") {
            plan_.web_servers.insert(from.authenticator);
        }
    }

    planned_entry* find_twin(const certbot_lineage& from) {
        const auto same = std::ranges::find_if(plan_.entries, [&](const planned_entry& entry) {
            return entry.names.size() == from.names.size() &&
                   std::ranges::is_permutation(entry.names, from.names);
        });
        return same == plan_.entries.end() ? nullptr : &*same;
    }

    /// Two lineages of the same names are one entry: with two keys if they differ in nothing else that
    /// counts, otherwise as one of the two says it.
    void join_twin(planned_entry& twin, std::size_t at, challenge_mapping& challenges,
                   deployment_mapping& deployments) {
        certbot_lineage& from = *lineages_[at];
        lineage_report& report = plan_.report.lineages[at];
        const bool same_ca = lineages_[twin.lineages.front()]->server == from.server;
        const key_type type = choose_key(from, report);
        const auto same_key = std::ranges::find(twin.keys, type);
        if (same_ca && same_key == twin.keys.end()) {
            add_key(twin, at, type, deployments);
            return;
        }
        const auto which = same_ca ? static_cast<std::size_t>(same_key - twin.keys.begin()) : std::size_t{0};
        if (!goes_before(from, twin, which)) {
            leave(at, twin.lineages[which]);
            return;
        }
        // What certbot was told last is how it is renewed now.
        auto proven = challenges.map(from, report);
        if (!proven) {
            return;
        }
        std::vector<std::string> others;
        if (same_ca) {
            leave(twin.lineages[which], at);
            if (twin.keys.size() > 1) { // what follows the other certificate of the entry still does
                others = std::move(twin.deploy);
            }
        } else {
            for (const std::size_t each : twin.lineages) {
                leave(each, at);
            }
            twin.keys = {type};
            twin.lineages.clear();
            twin.pairs.clear();
            twin.issuer = issuer_at(from.server).name;
        }
        say_how(twin, std::move(*proven), from, report, deployments);
        add_deployments(twin, std::move(others));
        take_pair(twin, at, which);
    }

    void add_key(planned_entry& twin, std::size_t at, key_type type, deployment_mapping& deployments) {
        const certbot_lineage& from = *lineages_[at];
        lineage_report& report = plan_.report.lineages[at];
        twin.keys.push_back(type);
        report.add(remark_kind::changed,
                   fmt::format("has exactly the names of {}: both are one entry with two "
                               "keys, whose certificates are renewed together",
                               escape(lineages_[twin.lineages.front()]->name, 100)));
        add_deployments(twin, deployments.map(from, report));
        vote(from);
        take_pair(twin, at, twin.lineages.size());
    }

    static void add_deployments(planned_entry& into, std::vector<std::string> names) {
        for (std::string& each : names) {
            if (std::ranges::find(into.deploy, each) == into.deploy.end()) {
                into.deploy.push_back(std::move(each));
            }
        }
    }

    /// A CA that nobody trusts never takes the place of another; otherwise the newer certificate counts.
    [[nodiscard]] bool goes_before(const certbot_lineage& from, const planned_entry& twin,
                                   std::size_t which) const {
        const bool test = is_test_ca(from.server);
        if (test != is_test_ca(lineages_[twin.lineages[which]]->server)) {
            return !test;
        }
        const auto& kept = twin.pairs[which];
        return from.pair &&
               (!kept || kept->chain.front().not_before() < from.pair->chain.front().not_before());
    }

    void leave(std::size_t at, std::size_t winner) {
        lineage_report& loser = plan_.report.lineages[at];
        const certbot_lineage& here = *lineages_[at];
        const certbot_lineage& there = *lineages_[winner];
        std::string_view why = "from another CA, and is newer";
        if (here.server == there.server) {
            why = "and kind of key, and is newer";
        } else if (is_test_ca(here.server) && !is_test_ca(there.server)) {
            why = "from a CA that is trusted";
        }
        loser.entry.clear();
        loser.add(remark_kind::left,
                  fmt::format(
                      "{} has exactly the same names {}: evercert keeps one. `certbot delete --cert-name {}` "
                      "ends this one when nothing uses it",
                      escape(there.name, 100), why, escape(here.name, 100)));
    }

    /// The lineage becomes what the key `which` of the entry is made of.
    void take_pair(planned_entry& into, std::size_t at, std::size_t which) {
        certbot_lineage& from = *lineages_[at];
        lineage_report& report = plan_.report.lineages[at];
        report.entry = into.name;
        if (!from.pair) {
            report.add(
                remark_kind::to_do,
                fmt::format("its certificate was not carried over, so a new one is ordered at the start: {}",
                            from.trouble));
        }
        into.lineages.resize(std::max(into.lineages.size(), which + 1));
        into.lineages[which] = at;
        into.pairs.resize(into.lineages.size());
        into.pairs[which] = std::move(from.pair);
    }

    std::string free_name(const std::string& lineage, lineage_report& report) {
        std::string name = section_name(lineage, "certificate");
        const auto taken = [&] {
            return std::ranges::find(plan_.entries, name, &planned_entry::name) != plan_.entries.end();
        };
        const std::string first = config::is_safe_name(lineage) ? lineage : name;
        name = first;
        for (int i = 2; taken(); ++i) {
            name = fmt::format("{}-{}", first, i);
        }
        if (name != lineage) {
            report.add(remark_kind::changed, fmt::format("its entry is called {}", name));
        }
        return name;
    }

    planned_issuer& issuer_at(const std::string& server) {
        const auto there = std::ranges::find(plan_.issuers, server, &planned_issuer::directory);
        if (there != plan_.issuers.end()) {
            return *there;
        }
        planned_issuer made;
        made.directory = server;
        for (const config::builtin_issuer& each : config::builtin_issuers()) {
            if (each.directory == server) {
                made.name = each.name;
                made.known = true;
            }
        }
        if (wishes_.present != nullptr) {
            for (const auto& [name, each] : wishes_.present->issuers) {
                if (each.directory == server) {
                    made.known = made.known && made.name == name;
                    made.name = name;
                    made.trust = each.trust;
                    made.eab = each.eab;
                }
            }
        }
        if (made.name.empty()) {
            const auto url = net::parse_url(server);
            const std::string base = section_name(url ? url->authority() : std::string(), "issuer");
            made.name = base;
            for (int i = 2;
                 std::ranges::find(plan_.issuers, made.name, &planned_issuer::name) != plan_.issuers.end();
                 ++i) {
                made.name = fmt::format("{}-{}", base, i);
            }
        }
        if (!made.known && made.trust.empty()) {
            made.trust = wishes_.trust;
        }
        return plan_.issuers.emplace_back(std::move(made));
    }

    void vote(const certbot_lineage& from) {
        ++accounts_[from.server][from.account];
        if (const auto chain = from.params.text("preferred_chain")) {
            ++chains_[from.server][*chain];
        }
    }

    void finish_issuer(planned_issuer& issuer, const certbot_options& cli) {
        import_report& report = plan_.report;
        const votes& ids = accounts_[issuer.directory];
        if (ids.size() > 1) {
            report.add(
                remark_kind::changed,
                fmt::format("{}: the lineages use {} accounts; the one of most of them is taken for all",
                            issuer.name, ids.size()));
        }
        auto account = read_account(tree_, issuer.directory, winner(ids));
        if (account) {
            issuer.account = std::move(*account);
        } else {
            report.add(
                remark_kind::to_do,
                fmt::format(
                    "{}: its account was not carried over, so a new one is registered at the start: {}",
                    issuer.name, account.error().text()));
        }
        if (const auto common = cli.find("preferred_chain"); common != cli.end()) {
            issuer.preferred_chain = common->second;
        } else if (const votes& chains = chains_[issuer.directory]; !chains.empty()) {
            issuer.preferred_chain = winner(chains);
            if (chains.size() > 1) {
                report.add(remark_kind::changed,
                           fmt::format("{}: the lineages prefer {} chains; \"{}\" is taken for all",
                                       issuer.name, chains.size(), escape(issuer.preferred_chain, 100)));
            }
        }
        if (!issuer.known && issuer.trust.empty()) {
            report.add(
                remark_kind::to_do,
                fmt::format(
                    "{}: its own HTTPS has to verify with the system's roots, or give --trust FILE; what "
                    "certbot had in REQUESTS_CA_BUNDLE or as --no-verify-ssl is not known here",
                    issuer.name));
        }
    }

    void find_emails(const certbot_options& cli) {
        if (const auto said = cli.find("email"); said != cli.end()) {
            std::string_view rest = said->second;
            while (!rest.empty()) {
                const auto comma = std::min(rest.find(','), rest.size());
                plan_.emails.emplace_back(trim(rest.substr(0, comma)));
                rest.remove_prefix(std::min(comma + 1, rest.size()));
            }
        }
        for (const planned_issuer& each : plan_.issuers) {
            if (plan_.emails.empty() && each.account) {
                plan_.emails = each.account->emails;
            }
        }
        if (plan_.emails.empty() && !plan_.entries.empty()) {
            plan_.report.add(remark_kind::to_do,
                             "certbot keeps no mail address: add `email:` if a CA should be able to "
                             "write to you");
        }
    }

    const certbot_tree& tree_;
    const import_wishes& wishes_;
    import_plan plan_;
    std::vector<std::optional<certbot_lineage>> lineages_;
    std::map<std::string, votes> accounts_; ///< by server
    std::map<std::string, votes> chains_;
};

} // namespace

import_plan make_plan(const certbot_tree& tree, const import_wishes& wishes) {
    return planner(tree, wishes).make();
}

std::string file_suffix(const planned_entry& entry, std::size_t which) {
    return which == 0 ? std::string() : fmt::format(".{}", to_string(entry.keys.at(which)));
}

} // namespace evercert::daemon
