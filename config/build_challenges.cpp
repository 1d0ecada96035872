// Challenges: how control of names is proven.
#include "config/build.hpp"
#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace evercert::config {
namespace {

endpoint all_interfaces(std::uint16_t port) {
    return endpoint{"::", port};
}

std::vector<endpoint> read_listen(const section& entry, const std::string& path, std::uint16_t port,
                                  mistake_list& mistakes) {
    const auto listen = entry.texts("listen");
    if (!listen) {
        return {all_interfaces(port)};
    }
    std::vector<endpoint> places;
    for (const std::string& where : *listen) {
        places.push_back(parse_endpoint(where).value_or(all_interfaces(port)));
    }
    refuse_repeats(entry, "listen", path + ".listen", mistakes);
    return places;
}

/// Which keys a kind of challenge has besides `type`, and which of them it needs. Keys of all DNS providers
/// stand under no name.
struct challenge_kind {
    std::string_view name; ///< a type, or a provider of dns-01
    std::string_view words;
    std::vector<std::string_view> keys;
    std::vector<std::string_view> needed{};
};

const std::array<challenge_kind, 4>& own_kinds() {
    static const std::array<challenge_kind, 4> kinds{{
        {"http-01", "an http-01 challenge", {"listen", "redirect_to_https"}},
        {"webroot", "an http-01 challenge with a webroot", {"webroot"}},
        {"tls-alpn-01", "a tls-alpn-01 challenge", {"listen"}},
        {"dns-persist-01", "a dns-persist-01 challenge", {"propagation", "propagation_timeout", "resolvers"}},
    }};
    return kinds;
}

constexpr std::array<std::string_view, 5> keys_of_all_providers{"provider", "propagation",
                                                                "propagation_timeout", "resolvers", "ttl"};

/// A secret lies in a file or is a systemd credential; "secret" stands for either.
const std::array<challenge_kind, 11>& providers() {
    static const std::array<challenge_kind, 11> kinds{{
        {"rfc2136",
         "the provider rfc2136",
         {"server", "tsig_key_file", "tsig_key_credential", "zone"},
         {"server"}},
        {"powerdns", "the provider powerdns", {"url", "secret", "zone"}, {"url", "secret"}},
        {"cloudflare", "the provider cloudflare", {"secret", "zone_id", "url"}, {"secret"}},
        {"route53", "the provider route53", {"secret", "user", "aws_profile", "zone_id", "url"}, {"secret"}},
        {"hetzner", "the provider hetzner", {"secret", "zone", "url"}, {"secret"}},
        {"digitalocean", "the provider digitalocean", {"secret", "zone", "url"}, {"secret"}},
        {"desec", "the provider desec", {"secret", "zone", "url"}, {"secret"}},
        {"acme-dns", "the provider acme-dns", {"secret", "url"}, {"secret"}},
        {"httpreq", "the provider httpreq", {"url", "user", "secret", "raw"}, {"url"}},
        {"exec",
         "the provider exec",
         {"convention", "command", "cleanup_command", "environment_file", "account_conf", "one_at_a_time",
          "chain", "timeout"},
         {"convention", "command"}},
        {"self", "the provider self", {"listen", "nameserver", "zone", "addresses"}, {"nameserver"}},
    }};
    return kinds;
}

bool lists(std::span<const std::string_view> keys, std::string_view key) {
    return std::ranges::find(keys, key.starts_with("secret_") ? "secret" : key) != keys.end();
}

/// Keys of another kind of challenge are mistakes, and so is the absence of what this kind needs.
void check_keys(const section& entry, const std::string& path, const challenge_kind& kind,
                std::span<const std::string_view> shared, mistake_list& mistakes) {
    for (const std::string_view key : named_schema("challenges").keys) {
        if (key != "type" && entry.find(key) && !lists(kind.keys, key) && !lists(shared, key)) {
            mistakes.add(
                entry.at(key), fmt::format("{}.{}", path, key),
                fmt::format("{} does not have this key, but: {}", kind.words, fmt::join(kind.keys, ", ")));
        }
    }
    for (const std::string_view key : kind.needed) {
        const bool is_secret = key == "secret";
        const bool there = is_secret ? entry.find("secret_file") || entry.find("secret_credential")
                                     : entry.find(key).has_value();
        if (!there) {
            mistakes.add(entry.at(), fmt::format("{}.{}", path, is_secret ? "secret_file" : key),
                         fmt::format("{} needs {}", kind.words,
                                     is_secret ? "secret_file or secret_credential" : std::string(key)));
        }
    }
    if (entry.find("secret_file") && entry.find("secret_credential")) {
        mistakes.add(entry.at("secret_credential"), path + ".secret_credential",
                     "secret_file and secret_credential exclude each other; leave one out");
    }
    if (entry.find("tsig_key_file") && entry.find("tsig_key_credential")) {
        mistakes.add(entry.at("tsig_key_credential"), path + ".tsig_key_credential",
                     "tsig_key_file and tsig_key_credential exclude each other; leave one out");
    }
}

/// Keys that a hook of another tool has no use for.
void check_convention(const section& entry, const std::string& path, mistake_list& mistakes) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> keys{
        {{"cleanup_command", "certbot"}, {"account_conf", "acme.sh"}, {"chain", "dehydrated"}}};
    const auto convention = entry.text("convention");
    for (const auto& [key, tool] : keys) {
        if (convention && convention != tool && entry.find(key)) {
            mistakes.add(entry.at(key), fmt::format("{}.{}", path, key),
                         fmt::format("only the convention of {} has this key; leave it out", tool));
        }
    }
}

const challenge_kind& kind_named(std::span<const challenge_kind> among, std::string_view name) {
    const auto found = std::ranges::find(among, name, &challenge_kind::name);
    return found == among.end() ? among.front() : *found;
}

/// As certificates and the DNS write it; empty if it is none.
std::string plain_name(const std::optional<std::string>& text) {
    const auto name = text ? parse_name(*text, true) : fail(errc::not_found, "");
    return name ? name->value : std::string();
}

own_name_server read_own(const section& entry, const std::string& path, mistake_list& mistakes) {
    own_name_server made;
    made.listen = read_listen(entry, path, 53, mistakes);
    made.nameserver = plain_name(entry.text("nameserver"));
    made.zone = plain_name(entry.text("zone"));
    for (const std::string& each : entry.texts("addresses").value_or(std::vector<std::string>())) {
        made.addresses.push_back(plain_name(each));
    }
    refuse_repeats(entry, "addresses", path + ".addresses", mistakes);
    const auto zone_name = parse_name(made.zone, true);
    if (entry.text("zone") &&
        (!zone_name || zone_name->type != identifier::kind::dns || zone_name->wildcard())) {
        mistakes.add(entry.at("zone"), path + ".zone",
                     "the zone is not a DNS name such as acme.example.net, in letters, digits and hyphens");
        return made;
    }
    const bool inside =
        !made.zone.empty() && (made.nameserver == made.zone || made.nameserver.ends_with("." + made.zone));
    if (entry.find("addresses") && !inside && !made.nameserver.empty()) {
        mistakes.add(
            entry.at("addresses"), path + ".addresses",
            fmt::format(
                "the addresses of {} are its own zone's business, since {}; leave them out, or choose "
                "a nameserver within the zone",
                made.nameserver,
                made.zone.empty() ? "there is no zone here" : "it is not within " + made.zone));
    }
    if (inside && !entry.find("addresses")) {
        mistakes.add(
            entry.at("nameserver"), path + ".addresses",
            fmt::format("{} lies within {}, so that only evercert can say where it is: give its public "
                        "addresses",
                        made.nameserver, made.zone));
    }
    return made;
}

dns_persist_challenge read_dns_persist(const section& entry) {
    dns_persist_challenge made;
    made.propagation = entry.text("propagation").value_or(made.propagation);
    made.propagation_timeout = entry.duration("propagation_timeout").value_or(made.propagation_timeout);
    made.resolvers = read_endpoints(entry, "resolvers");
    return made;
}

dns_challenge read_dns(const section& entry) {
    dns_challenge made;
    made.per_account = entry.text("type") == "dns-account-01";
    made.provider = entry.text("provider").value_or("");
    made.propagation = entry.text("propagation").value_or(made.propagation);
    made.propagation_timeout = entry.duration("propagation_timeout").value_or(made.propagation_timeout);
    made.resolvers = read_endpoints(entry, "resolvers");
    if (const auto ttl = entry.duration("ttl")) {
        made.ttl = static_cast<std::uint32_t>(std::chrono::ceil<seconds>(*ttl).count());
    }
    made.server = parse_endpoint(entry.text("server").value_or("")).value_or(endpoint());
    made.secret_file = entry.path("secret_file").value_or(entry.path("tsig_key_file").value_or(""));
    made.secret_credential =
        entry.text("secret_credential").value_or(entry.text("tsig_key_credential").value_or(""));
    made.url = entry.text("url").value_or("");
    made.zone = entry.text("zone").value_or("");
    made.zone_id = entry.text("zone_id").value_or("");
    made.user = entry.text("user").value_or("");
    made.aws_profile = entry.text("aws_profile").value_or(made.aws_profile);
    made.raw = entry.flag("raw").value_or(false);
    made.convention = entry.text("convention").value_or("");
    made.command = entry.texts("command").value_or(std::vector<std::string>());
    made.cleanup_command = entry.texts("cleanup_command").value_or(std::vector<std::string>());
    made.environment_file = entry.path("environment_file").value_or("");
    made.account_conf = entry.path("account_conf").value_or("");
    made.one_at_a_time = entry.flag("one_at_a_time").value_or(true);
    made.chain = entry.flag("chain").value_or(false);
    made.timeout = entry.duration("timeout").value_or(milliseconds(0));
    return made;
}

void read_challenge(const section& entry, challenge& into, mistake_list& mistakes) {
    const std::string path = "challenges." + into.name;
    const std::string type = entry.text("type").value_or("");
    if (type == "dns-persist-01") {
        check_keys(entry, path, kind_named(own_kinds(), type), {}, mistakes);
        into.how = read_dns_persist(entry);
    } else if (type.starts_with("dns-")) {
        const auto provider = entry.text("provider");
        if (!provider && !entry.find("provider")) {
            mistakes.add(
                entry.at(), path + ".provider",
                fmt::format("a {} challenge needs to know who puts the TXT record into the DNS", type));
        }
        if (provider) {
            check_keys(entry, path, kind_named(providers(), *provider), keys_of_all_providers, mistakes);
            check_convention(entry, path, mistakes);
        }
        dns_challenge made = read_dns(entry);
        if (provider == "self") {
            made.own = read_own(entry, path, mistakes);
            made.zone.clear();
        }
        into.how = std::move(made);
    } else if (type == "tls-alpn-01") {
        check_keys(entry, path, kind_named(own_kinds(), type), {}, mistakes);
        into.how = tls_alpn01_listener{read_listen(entry, path, 443, mistakes)};
    } else if (type == "http-01") {
        const auto folder = entry.path("webroot");
        check_keys(entry, path, kind_named(own_kinds(), folder ? "webroot" : type), {}, mistakes);
        if (folder) {
            into.how = http01_webroot{*folder};
        } else {
            into.how = http01_listener{read_listen(entry, path, 80, mistakes),
                                       entry.flag("redirect_to_https").value_or(false)};
        }
    }
}

} // namespace

std::vector<endpoint> read_endpoints(const section& entry, std::string_view key) {
    std::vector<endpoint> places;
    for (const std::string& each : entry.texts(key).value_or(std::vector<std::string>())) {
        if (auto place = parse_endpoint(each)) {
            places.push_back(std::move(*place));
        }
    }
    return places;
}

void build_challenges(const section& root, settings& out, mistake_list& mistakes) {
    out.resolvers = read_endpoints(root, "resolvers");
    out.challenges["http"] = challenge{"http", http01_listener{{all_interfaces(80)}, false}};
    for (const auto& [name, value] : named_entries(root, "challenges")) {
        challenge& made = out.challenges[name] =
            challenge{name, http01_listener{{all_interfaces(80)}, false}};
        if (value.kind() == node_kind::map) {
            read_challenge(section(value, named_schema("challenges")), made, mistakes);
        }
        const auto have_resolvers = [&](auto& how) {
            if constexpr (requires { how.resolvers; }) {
                if (how.resolvers.empty()) {
                    how.resolvers = out.resolvers;
                }
            }
        };
        std::visit(have_resolvers, made.how);
    }
}

} // namespace evercert::config
