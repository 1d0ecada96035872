#include "config/policies.hpp"

#include "config/builtin.hpp"
#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

namespace evercert::config {
namespace {

constexpr std::size_t most_items = 32; ///< longer lists are mistakes already, and are not compared to the end

/// An item of a list that stands there once.
struct list_item {
    std::size_t index;
    node value;
};

std::vector<list_item> distinct_items(node list, const key_path& path, mistake_list& mistakes) {
    std::vector<list_item> found;
    std::size_t index = 0;
    for (const node item : children(list)) {
        const std::size_t here = index++;
        if (here >= most_items) {
            break;
        }
        if (item.kind() != node_kind::scalar || item.text().empty()) {
            continue;
        }
        const auto first =
            std::ranges::find(found, item.text(), [](const list_item& i) { return i.value.text(); });
        if (first == found.end()) {
            found.push_back({here, item});
        } else {
            mistakes.add(item.at(), path.item(here),
                         fmt::format("{} stands here twice, first at {}; leave one out",
                                     in_quotes(item.text()), to_string(first->value.at())));
        }
    }
    return found;
}

std::vector<list_item> distinct_items(const section& from, std::string_view key, const key_path& path,
                                      mistake_list& mistakes) {
    const auto list = from.find(key);
    return list && list->kind() == node_kind::list ? distinct_items(*list, path, mistakes)
                                                   : std::vector<list_item>();
}

/// Whether `map` has what `wanted` names; a mistake if not.
template <class Map>
bool exists(node wanted, const key_path& path, const Map& map, std::string_view what,
            mistake_list& mistakes) {
    if (map.contains(std::string(wanted.text()))) {
        return true;
    }
    std::vector<std::string_view> candidates;
    for (const auto& entry : map) {
        candidates.push_back(entry.first);
    }
    const auto hint = did_you_mean(wanted.text(), candidates);
    const std::size_t count = candidates.size();
    candidates.resize(std::min<std::size_t>(count, 20));
    mistakes.add(wanted.at(), path,
                 fmt::format("there is no {0} {1}; defined under `{0}s` or built in: {2}{3}{4}", what,
                             in_quotes(wanted.text()), fmt::join(candidates, ", "), count > 20 ? ", ..." : "",
                             hint));
    return false;
}

/// Names in a list that `map` has, each once; false if there are others.
template <class Map>
bool read_references(const section& from, std::string_view key, const key_path& path, const Map& map,
                     std::string_view what, mistake_list& mistakes, std::vector<std::string>& into) {
    const key_path list = path.key(key);
    into.clear();
    bool all_known = true;
    for (const list_item& item : distinct_items(from, key, list, mistakes)) {
        if (exists(item.value, list.item(item.index), map, what, mistakes)) {
            into.emplace_back(item.value.text());
        } else {
            all_known = false;
        }
    }
    return all_known;
}

void mix(std::size_t& seed, std::size_t more) {
    seed = seed * 1'000'003 + more;
}

} // namespace

std::size_t policy_reader::by_content::operator()(const policy_ptr& policy) const {
    const std::hash<std::string> hash_of;
    std::size_t seed = hash_of(policy->profile);
    mix(seed, policy->reuse_key ? 1 : 0);
    mix(seed, static_cast<std::size_t>(policy->preflight));
    for (const challenge_rule& rule : policy->challenge_rules) {
        mix(seed, hash_of(rule.pattern));
    }
    for (const certificate_output& output : policy->outputs) {
        mix(seed, hash_of(output.directory));
    }
    for (const auto* names : {&policy->issuers, &policy->challenges, &policy->deploy}) {
        mix(seed, names->size());
        for (const std::string& name : *names) {
            mix(seed, hash_of(name));
        }
    }
    for (const key_type key : policy->keys) {
        mix(seed, static_cast<std::size_t>(key));
    }
    return seed;
}

policy_reader::policy_reader(const section& root, const settings& built, mistake_list& mistakes)
    : built_(built)
    , mistakes_(mistakes)
    , outputs_(built.data_dir, mistakes)
    , defaults_(root.below("defaults")) {
    default_policy_.issuers = {"letsencrypt"};
    default_policy_.challenges = {"http"};
    if (defaults_) {
        const key_path top;
        default_issuers_known_ = read_choices(*defaults_, top.key("defaults"), default_policy_);
    }
}

chosen_policy policy_reader::read(const section& entry, const key_path& path) {
    static constexpr std::array<std::string_view, 9> choices{"issuers", "challenge", "challenges",
                                                             "keys",    "reuse_key", "preflight",
                                                             "profile", "outputs",   "deploy"};
    // Most entries of a large file say nothing of their own.
    if (std::ranges::none_of(choices, [&](std::string_view key) { return entry.find(key).has_value(); })) {
        if (!default_choice_) {
            default_choice_ = finish(entry, path, default_policy_, default_issuers_known_);
        }
        return *default_choice_;
    }
    issuance_policy own = default_policy_;
    const bool known = read_choices(entry, path, own) && (entry.find("issuers") || default_issuers_known_);
    return finish(entry, path, own, known);
}

/// What `from` says goes into `into`; the rest stays. False if an issuer it names is not known.
bool policy_reader::read_choices(const section& from, const key_path& path, issuance_policy& into) {
    std::vector<std::string> names;
    const bool all_known = read_references(from, "issuers", path, built_.issuers, "issuer", mistakes_, names);
    if (!names.empty()) {
        into.issuers = std::move(names);
    }
    read_challenges(from, path, into);
    std::vector<key_type> keys;
    for (const list_item& item : distinct_items(from, "keys", path.key("keys"), mistakes_)) {
        if (const auto key = parse_key_type(item.value.text())) {
            keys.push_back(*key);
        }
    }
    if (!keys.empty()) {
        into.keys = std::move(keys);
    }
    into.reuse_key = from.flag("reuse_key").value_or(into.reuse_key);
    const std::string ahead = from.text("preflight").value_or("");
    for (const preflight_mode mode : {preflight_mode::enforce, preflight_mode::warn, preflight_mode::off}) {
        into.preflight = ahead == to_string(mode) ? mode : into.preflight;
    }
    into.profile = from.text("profile").value_or(into.profile);
    if (from.find("outputs")) {
        into.outputs = outputs_.read(from, path);
    }
    if (from.find("deploy")) {
        read_references(from, "deploy", path, built_.deployments, "deployment", mistakes_, into.deploy);
    }
    return all_known;
}

void policy_reader::read_challenges(const section& from, const key_path& path, issuance_policy& into) {
    const auto read = [&](node value, const key_path& at, std::vector<std::string>& names) {
        const auto take = [&](node one, const key_path& here) {
            if (one.kind() == node_kind::scalar && !one.text().empty() &&
                exists(one, here, built_.challenges, "challenge", mistakes_)) {
                names.emplace_back(one.text());
            }
        };
        if (value.kind() != node_kind::list) {
            take(value, at);
            return;
        }
        for (const list_item& item : distinct_items(value, at, mistakes_)) {
            take(item.value, at.item(item.index));
        }
    };
    std::vector<std::string> names;
    if (const auto value = from.find("challenge")) {
        read(*value, path.key("challenge"), names);
    }
    if (!names.empty()) {
        into.challenges = std::move(names);
    }
    const auto rules = from.find("challenges");
    if (!rules || rules->kind() != node_kind::map) {
        return;
    }
    into.challenge_rules.clear();
    const key_path above = path.key("challenges");
    for (auto key = rules->first(); key; key = key->next()->next()) {
        const auto pattern = parse_pattern(key->text());
        challenge_rule rule;
        if (pattern) {
            rule.pattern = *pattern;
            read(*key->next(), above.key(key->text()), rule.challenges);
        }
        if (!rule.challenges.empty()) {
            into.challenge_rules.push_back(std::move(rule));
        }
    }
    // A name before patterns, a longer pattern before a shorter one, "*" last.
    std::ranges::stable_sort(into.challenge_rules, std::ranges::greater(), [](const challenge_rule& rule) {
        return std::pair(!rule.pattern.starts_with('*'), rule.pattern.size());
    });
}

chosen_policy policy_reader::finish(const section& entry, const key_path& path, const issuance_policy& made,
                                    bool all_known) {
    chosen_policy chosen{*shared_.insert(std::make_shared<const issuance_policy>(made)).first, nullptr};
    for (const std::string& name : made.issuers) {
        const issuer& used = built_.issuers.at(name);
        check_issuer(used, entry, path);
        if (all_known && chosen.public_ca == nullptr && find_public_ca(used.directory) != nullptr) {
            chosen.public_ca = &used;
        }
    }
    if (chosen.public_ca != nullptr && std::ranges::count(made.keys, key_type::ed25519) > 0) {
        refuse_keys(*chosen.public_ca, entry, path);
    }
    return chosen;
}

/// What a CA asks for before it may be used, said once for each.
void policy_reader::check_issuer(const issuer& used, const section& entry, const key_path& path) {
    if (!used_.insert(used.name).second) {
        return;
    }
    const builtin_issuer* rules = find_public_ca(used.directory);
    if (rules == nullptr) {
        return;
    }
    const origin at = find_origin(entry, path, "issuers", used.name);
    if (rules->needs_eab && !used.eab) {
        mistakes_.add(
            at.where, at.key,
            fmt::format("issuer \"{0}\" needs an external account binding: get one from {1}, and give "
                        "issuers.{0}.eab: {{ key_id: ..., hmac_key_file: ... }}",
                        used.name, rules->eab_source));
    }
    if (rules->needs_email && used.contacts.empty()) {
        mistakes_.add(at.where, at.key,
                      fmt::format("issuer \"{0}\" needs a mail address; give `email:` or issuers.{0}.email",
                                  used.name));
    }
}

void policy_reader::refuse_keys(const issuer& public_ca, const section& entry, const key_path& path) {
    const bool own_keys = entry.find("keys").has_value();
    const bool own_issuers = entry.find("issuers").has_value();
    if (!own_keys && !own_issuers && std::exchange(default_keys_refused_, true)) {
        return;
    }
    // Where the choice was made that does not go with the other.
    const origin at = own_issuers && !own_keys ? find_origin(entry, path, "issuers", public_ca.name)
                                               : find_origin(entry, path, "keys", "ed25519");
    std::string others;
    for (const key_type key : all_key_types()) {
        if (key != key_type::ed25519) {
            others += (others.empty() ? "" : ", ") + std::string(to_string(key));
        }
    }
    mistakes_.add(
        at.where, at.key,
        fmt::format("issuer \"{}\" is a public CA, and those refuse ed25519 keys; allowed there: {}",
                    public_ca.name, others));
}

policy_reader::origin policy_reader::find_origin(const section& entry, const key_path& path,
                                                 std::string_view key, std::string_view item) const {
    const key_path top;
    const bool own = entry.find(key).has_value();
    const key_path defaults = top.key("defaults");
    const key_path where = own ? path.key(key) : defaults.key(key);
    const auto written = own ? entry.find(key) : defaults_ ? defaults_->find(key) : std::nullopt;
    std::size_t index = 0;
    if (written && written->kind() == node_kind::list) {
        for (const node each : children(*written)) {
            if (each.kind() == node_kind::scalar && each.text() == item) {
                return {each.at(), where.item(index).text()};
            }
            ++index;
        }
    }
    return {entry.at(), path.key(key).text()};
}

} // namespace evercert::config
