// A plan as YAML, and what config::load has to say of it.
#include "config/load.hpp"
#include "core/base/text.hpp"
#include "daemon/migrate/plan.hpp"
#include "daemon/migrate/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace evercert::daemon {
namespace {

/// Each round removes what was wrong; what is left then has nothing to do with single entries.
constexpr int most_rounds = 8;

std::string to_text(const planned_fields& fields) {
    std::vector<std::string> parts;
    for (const planned_field& each : fields) {
        parts.push_back(fmt::format(
            "{}: {}", each.key, each.is_list ? yaml_list(each.values) : yaml_scalar(each.values.front())));
    }
    return fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

planned_fields fields_of(const planned_issuer& issuer) {
    planned_fields fields;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) {
            fields.push_back({key, {value}, false});
        }
    };
    add("directory", issuer.known ? std::string() : issuer.directory);
    add("trust", issuer.trust);
    add("preferred_chain", issuer.preferred_chain);
    return fields;
}

std::string issuer_text(const planned_issuer& issuer) {
    std::string text = to_text(fields_of(issuer));
    if (issuer.eab) {
        const bool alone = fields_of(issuer).empty();
        const std::string eab = to_text(
            {{"key_id", {issuer.eab->key_id}, false}, {"hmac_key_file", {issuer.eab->hmac_key_file}, false}});
        text.resize(text.size() - 2);
        text += fmt::format("{}eab: {} }}", alone ? "" : ", ", eab);
    }
    return text;
}

std::string entry_text(const planned_entry& entry) {
    std::string text =
        fmt::format("  - name: {}\n    names: {}\n", yaml_scalar(entry.name), yaml_list(entry.names));
    if (entry.issuer != "letsencrypt") {
        text += fmt::format("    issuers: {}\n", yaml_list({entry.issuer}));
    }
    if (entry.challenge != "http") {
        text += fmt::format("    challenge: {}\n", yaml_scalar(entry.challenge));
    }
    if (!entry.rules.empty()) {
        planned_fields rules;
        for (const auto& [name, challenge] : entry.rules) {
            rules.push_back({yaml_scalar(name), {challenge}, false});
        }
        text += fmt::format("    challenges: {}\n", to_text(rules));
    }
    std::vector<std::string> keys;
    std::ranges::transform(entry.keys, std::back_inserter(keys),
                           [](key_type each) { return std::string(to_string(each)); });
    text += fmt::format("    keys: {}\n", yaml_list(keys));
    text += entry.reuse_key ? "    reuse_key: true\n" : "";
    text += entry.profile.empty() ? "" : fmt::format("    profile: {}\n", yaml_scalar(entry.profile));
    text += entry.deploy.empty() ? "" : fmt::format("    deploy: {}\n", yaml_list(entry.deploy));
    return text;
}

/// What some entry refers to.
struct used_names {
    std::set<std::string> issuers;
    std::set<std::string> challenges;
    std::set<std::string> deployments;

    explicit used_names(const import_plan& plan) {
        for (const planned_entry& each : plan.entries) {
            issuers.insert(each.issuer);
            challenges.insert(each.challenge);
            for (const auto& [name, challenge] : each.rules) {
                challenges.insert(challenge);
            }
            deployments.insert(each.deploy.begin(), each.deploy.end());
        }
    }
};

std::string sections_text(std::string_view heading, const std::vector<planned_section>& all,
                          const std::set<std::string>& used) {
    std::string text;
    for (const planned_section& each : all) {
        if (used.contains(each.name)) {
            text += fmt::format("  {}: {}\n", yaml_scalar(each.name), to_text(each.fields));
        }
    }
    return text.empty() ? text : fmt::format("{}:\n{}", heading, text);
}

/// "certificates[3].names[0]": 3.
std::optional<std::size_t> entry_in(std::string_view key) {
    constexpr std::string_view start = "certificates[";
    std::size_t index = 0;
    if (!key.starts_with(start)) {
        return std::nullopt;
    }
    key.remove_prefix(start.size());
    const auto [end, wrong] = std::from_chars(key.data(), key.data() + key.size(), index);
    return wrong == std::errc() ? std::optional(index) : std::nullopt;
}

/// Whether a mistake is about the section `name` under `heading`.
bool is_about(const config::mistake& what, std::string_view heading, const std::string& name) {
    const std::string path = fmt::format("{}.{}", heading, name);
    return what.key == path || what.key.starts_with(path + ".") || what.key.starts_with(path + "[");
}

class cleaner {
public:
    explicit cleaner(import_plan& plan) : plan_(plan), doomed_(plan.entries.size()) {}

    /// Whether something went.
    bool remove(const std::vector<config::mistake>& mistakes) {
        std::ranges::for_each(mistakes, [this](const config::mistake& each) { judge(each); });
        std::vector<planned_entry> kept;
        for (std::size_t i = 0; i < plan_.entries.size(); ++i) {
            if (doomed_[i].empty()) {
                kept.push_back(std::move(plan_.entries[i]));
                continue;
            }
            for (const std::size_t at : plan_.entries[i].lineages) {
                lineage_report& report = plan_.report.lineages[at];
                report.entry.clear();
                report.add(remark_kind::left, doomed_[i]);
            }
        }
        removed_ = removed_ || kept.size() < plan_.entries.size();
        plan_.entries = std::move(kept);
        return removed_;
    }

private:
    void judge(const config::mistake& what) {
        if (const auto index = entry_in(what.key); index && *index < doomed_.size()) {
            doom(*index, what.text);
            return;
        }
        if (what.key.starts_with("email")) {
            plan_.report.add(remark_kind::to_do, "certbot's mail address was left out: " + what.text);
            plan_.emails.clear();
            removed_ = true;
            return;
        }
        for (std::size_t i = 0; i < plan_.entries.size(); ++i) {
            planned_entry& each = plan_.entries[i];
            const bool by_rule = std::ranges::any_of(
                each.rules, [&](const auto& rule) { return is_about(what, "challenges", rule.second); });
            if (is_about(what, "issuers", each.issuer) || is_about(what, "challenges", each.challenge) ||
                by_rule) {
                doom(i, fmt::format("{}: {}", what.key, what.text));
            }
            const auto bad = std::ranges::find_if(
                each.deploy, [&](const std::string& name) { return is_about(what, "deployments", name); });
            if (bad != each.deploy.end()) {
                plan_.report.lineages[each.lineages.front()].add(
                    remark_kind::to_do, fmt::format("its deployment {} was left out: {}", *bad, what.text));
                each.deploy.erase(bad);
                removed_ = true;
            }
        }
    }
    void doom(std::size_t index, const std::string& why) {
        if (doomed_[index].empty()) {
            doomed_[index] = why;
        }
    }

    import_plan& plan_;
    std::vector<std::string> doomed_; ///< why, for each entry; empty: it stays
    bool removed_ = false;
};

/// The secrets of challenges that nothing uses any more are not written.
void drop_unused_secrets(import_plan& plan) {
    const used_names used(plan);
    std::set<std::string> wanted;
    for (const planned_section& each : plan.challenges) {
        for (const planned_field& field : each.fields) {
            if (used.challenges.contains(each.name)) {
                wanted.insert(field.values.begin(), field.values.end());
            }
        }
    }
    std::erase_if(plan.secrets, [&](const planned_secret& each) { return !wanted.contains(each.path); });
}

} // namespace

std::string to_yaml(const import_plan& plan, const std::string& source) {
    const used_names used(plan);
    std::string text = fmt::format("# What `evercert import certbot` made of {}.\n", escape(source, 200));
    if (plan.emails.size() == 1) {
        text += fmt::format("email: {}\n", yaml_scalar(plan.emails.front()));
    } else if (!plan.emails.empty()) {
        text += fmt::format("email: {}\n", yaml_list(plan.emails));
    }
    text += "agree_to_terms: true # as it was said to certbot when its accounts were registered\n";
    if (!plan.data_dir.empty()) {
        text += fmt::format("data_dir: {}\n", yaml_scalar(plan.data_dir));
    }
    std::string issuers;
    for (const planned_issuer& each : plan.issuers) {
        if (used.issuers.contains(each.name) && (!fields_of(each).empty() || each.eab)) {
            issuers += fmt::format("  {}: {}\n", yaml_scalar(each.name), issuer_text(each));
        }
    }
    text += issuers.empty() ? "" : "issuers:\n" + issuers;
    text += sections_text("challenges", plan.challenges, used.challenges);
    text += sections_text("deployments", plan.deployments, used.deployments);
    text += plan.entries.empty() ? "certificates: []\n" : "certificates:\n";
    for (const planned_entry& each : plan.entries) {
        text += entry_text(each);
    }
    return text;
}

result<config::settings> settle(import_plan& plan, const std::string& source) {
    std::vector<std::string> last;
    for (int round = 0; round < most_rounds; ++round) {
        const std::string text = to_yaml(plan, source);
        auto loaded = config::load_text(text, plan.report.config);
        if (loaded) {
            plan.report.yaml = text;
            drop_unused_secrets(plan);
            return std::move(*loaded);
        }
        last.clear();
        std::ranges::transform(loaded.error(), std::back_inserter(last), &config::mistake::to_string);
        if (!cleaner(plan).remove(loaded.error())) {
            break;
        }
    }
    return fail(errc::internal,
                fmt::format("the configuration made of certbot's does not check: {}", join(last, "; ")));
}

} // namespace evercert::daemon
