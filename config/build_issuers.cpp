#include "config/build.hpp"
#include "config/builtin.hpp"
#include "config/files.hpp"

#include <fmt/format.h>

namespace evercert::config {
namespace {

std::string key_of(const std::string& name, std::string_view key) {
    return fmt::format("issuers.{}.{}", name, key);
}

void read_eab(const section& entry, issuer& into, mistake_list& mistakes) {
    const auto eab = entry.below("eab");
    if (!eab) {
        return;
    }
    into.eab.emplace();
    into.eab->key_id = eab->text("key_id").value_or("");
    into.eab->hmac_key_credential = eab->text("hmac_key_credential").value_or("");
    if (eab->find("hmac_key_file").has_value() == eab->find("hmac_key_credential").has_value()) {
        mistakes.add(entry.at("eab"), key_of(into.name, "eab"),
                     "the HMAC key lies in a file or is a systemd credential: give either hmac_key_file or "
                     "hmac_key_credential");
    }
    if (const auto file = eab->path("hmac_key_file")) {
        into.eab->hmac_key_file = *file;
        if (auto trouble = hmac_key_trouble(*file); !trouble.empty()) {
            mistakes.add(eab->at("hmac_key_file"), key_of(into.name, "eab.hmac_key_file"),
                         std::move(trouble));
        }
    }
}

/// What the CA publishes, but for the keys that are given.
void read_limits(const section& entry, issuer& into) {
    const builtin_issuer* ca = find_public_ca(into.directory);
    into.limits = ca == nullptr ? rate_limits() : ca->limits;
    const auto given = entry.below("limits");
    if (!given) {
        return;
    }
    const auto orders = given->integer("concurrent_orders").value_or(into.limits.concurrent_orders);
    into.limits.concurrent_orders = static_cast<unsigned>(orders);
    for (auto [key, limit] : {std::pair{"new_orders", &into.limits.new_orders},
                              {"certificates_per_domain", &into.limits.certificates_per_domain},
                              {"certificates_per_set", &into.limits.certificates_per_set},
                              {"failed_validations", &into.limits.failed_validations},
                              {"consecutive_failures", &into.limits.consecutive_failures},
                              {"requests", &into.limits.requests}}) {
        *limit = given->rate(key).value_or(*limit);
    }
}

void read_issuer(const section& entry, issuer& into, mistake_list& mistakes) {
    if (const auto directory = entry.text("directory")) {
        into.directory = *directory;
    } else if (into.directory.empty() && !entry.find("directory")) {
        std::vector<std::string_view> names;
        for (const auto& known : builtin_issuers()) {
            names.push_back(known.name);
        }
        mistakes.add(entry.at(), key_of(into.name, "directory"),
                     fmt::format("this key is needed, since \"{}\" is not a built-in issuer ({}){}",
                                 into.name, fmt::join(names, ", "), did_you_mean(into.name, names)));
    }
    if (const auto trust = entry.path("trust")) {
        into.trust = *trust;
        if (auto trouble = trust_trouble(*trust); !trouble.empty()) {
            mistakes.add(entry.at("trust"), key_of(into.name, "trust"), std::move(trouble));
        }
    }
    read_eab(entry, into, mistakes);
    if (const auto key = entry.text("account_key")) {
        into.account_key = parse_key_type(*key).value_or(into.account_key);
    }
    into.preferred_chain = entry.text("preferred_chain").value_or("");
    into.profile = entry.text("profile").value_or("");
    into.renewal_info = entry.flag("ari").value_or(true);
    read_limits(entry, into);
    if (const auto own = entry.texts("email")) {
        into.contacts = *own;
    }
}

} // namespace

void build_issuers(const section& root, settings& out, mistake_list& mistakes) {
    issuer common;
    common.contacts = root.texts("email").value_or(std::vector<std::string>());
    common.agree_to_terms = root.flag("agree_to_terms").value_or(false);
    for (const auto& known : builtin_issuers()) {
        issuer& made = out.issuers[std::string(known.name)] = common;
        made.name = known.name;
        made.directory = known.directory;
        made.limits = known.limits;
    }
    for (const auto& [name, value] : named_entries(root, "issuers")) {
        issuer& made = out.issuers.try_emplace(name, common).first->second;
        made.name = name;
        if (value.kind() == node_kind::map) {
            read_issuer(section(value, named_schema("issuers")), made, mistakes);
        }
    }
}

} // namespace evercert::config
