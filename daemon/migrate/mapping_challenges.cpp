// How names are proven: certbot's authenticators as our challenges.
#include "config/files.hpp"
#include "core/base/text.hpp"
#include "daemon/migrate/mapping.hpp"
#include "solvers/dns01/tsig_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace evercert::daemon {
namespace {

constexpr std::size_t largest_credentials = 64 * 1024;
constexpr std::string_view behind = "127.0.0.1:5002"; // as `evercert snippet` suggests

planned_field one(std::string key, std::string value) {
    return {std::move(key), {std::move(value)}, false};
}
planned_field many(std::string key, std::vector<std::string> values) {
    return {std::move(key), std::move(values), true};
}

std::string bracketed(const std::string& address, const std::string& port) {
    return address.find(':') != address.npos && address.front() != '[' ? fmt::format("[{}]:{}", address, port)
                                                                       : fmt::format("{}:{}", address, port);
}

bool has_wildcard(const certbot_lineage& lineage) {
    return std::ranges::any_of(lineage.names, [](const std::string& name) { return name.starts_with("*."); });
}

/// A plugin whose credentials file becomes one secret.
struct token_plugin {
    std::string_view authenticator;
    std::string_view provider;
    std::string_view token; ///< key in the credentials file
    std::string_view url;   ///< key of the service's address there, or empty
    std::string_view otherwise = "no token is in its credentials file";
};
constexpr std::array token_plugins{
    token_plugin{
        "dns-cloudflare", "cloudflare", "dns_cloudflare_api_token", "",
        "its credentials are the account's global key, which evercert does not use: make a token that may "
        "edit the zone's DNS"},
    token_plugin{"dns-digitalocean", "digitalocean", "dns_digitalocean_token", ""},
    token_plugin{"dns-hetzner", "hetzner", "dns_hetzner_api_token", ""},
    token_plugin{"dns-desec", "desec", "dns_desec_token", ""},
    token_plugin{"dns-powerdns", "powerdns", "dns_powerdns_api_key", "dns_powerdns_api_url"},
};

/// Whoever wrote the key's name in front of the package's.
std::optional<std::string> credential(const ini_section& from, std::string_view key) {
    for (const auto& [name, value] : from.values) {
        const auto colon = name.rfind(':');
        if (name.substr(colon == name.npos ? 0 : colon + 1) == key) {
            return from.text(name);
        }
    }
    return std::nullopt;
}

/// A plugin's credentials, wiped when they go.
struct plugin_credentials {
    ini_section section;

    explicit plugin_credentials(ini_section from) : section(std::move(from)) {}
    plugin_credentials(const plugin_credentials&) = delete;
    plugin_credentials& operator=(const plugin_credentials&) = delete;
    ~plugin_credentials() {
        for (auto& [key, value] : section.values) {
            std::ranges::for_each(value.items, crypto::wipe);
        }
    }
};

/// What a credentials file says, wherever the operator keeps it; null with a remark if there is none.
std::unique_ptr<plugin_credentials> read_credentials(const certbot_lineage& lineage, lineage_report& report) {
    const auto path = lineage.plugin_text("credentials");
    if (!path || !path->starts_with('/')) {
        report.add(remark_kind::left, fmt::format("{} has no credentials file in the renewal configuration",
                                                  escape(lineage.authenticator, 60)));
        return nullptr;
    }
    auto text = config::read_file(*path, largest_credentials, true);
    if (!text) {
        report.add(remark_kind::left,
                   fmt::format("the credentials {} of {} cannot be read: {}", escape(*path, 200),
                               escape(lineage.authenticator, 60), text.error().message));
        return nullptr;
    }
    auto parsed = parse_ini(*text);
    crypto::wipe(*text);
    if (!parsed) {
        report.add(remark_kind::left, fmt::format("the credentials {} are broken: {}", escape(*path, 200),
                                                  parsed.error().message));
        return nullptr;
    }
    return std::make_unique<plugin_credentials>(std::move(*parsed));
}

} // namespace

std::string section_name(std::string_view text, std::string_view otherwise) {
    std::string name = to_lower_ascii(text.substr(0, 60));
    for (char& c : name) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        c = plain ? c : '-';
    }
    name.erase(0, std::min(name.find_first_not_of("._-"), name.size()));
    return name.empty() ? std::string(otherwise) : name;
}

std::string challenge_mapping::add(const std::string& name, planned_fields fields) {
    const auto same = std::ranges::find(challenges, fields, &planned_section::fields);
    if (same != challenges.end()) {
        return same->name;
    }
    const int used = ++made_[name]; // thousands of lineages may each have a webroot of its own
    std::string free = used == 1 ? name : fmt::format("{}-{}", name, used);
    challenges.push_back({free, std::move(fields)});
    return free;
}

std::string challenge_mapping::keep(const std::string& name, std::string text) {
    for (int i = 1;; ++i) {
        std::string path = i == 1 ? fmt::format("{}/{}", config_folder_, name)
                                  : fmt::format("{}/{}-{}", config_folder_, name, i);
        const auto same = std::ranges::find(secrets, path, &planned_secret::path);
        if (same == secrets.end()) {
            secrets.push_back({path, crypto::secret(std::move(text))});
            return path;
        }
        if (same->text.view() == text) {
            crypto::wipe(text);
            return path;
        }
    }
}

std::optional<proof> challenge_mapping::map(const certbot_lineage& lineage, lineage_report& report) {
    const std::string& how = lineage.authenticator;
    return how == "standalone"                 ? standalone(lineage, report)
           : how == "nginx" || how == "apache" ? web_server(lineage, report)
           : how == "webroot"                  ? webroot(lineage, report)
           : how == "manual"                   ? manual(lineage, report)
                                               : dns(lineage, report);
}

std::optional<proof> challenge_mapping::standalone(const certbot_lineage& lineage, lineage_report& report) {
    const std::string port = lineage.params.text("http01_port").value_or("80");
    const std::string address = lineage.params.text("http01_address").value_or("::");
    if (port == "80" && behind_server_) {
        report.add(
            remark_kind::changed,
            "standalone took port 80 for a moment; here the web server that has it passes challenges on");
        return proof{add("http", {one("type", "http-01"), many("listen", {std::string(behind)})}), {}};
    }
    return proof{add("http", {one("type", "http-01"), many("listen", {bracketed(address, port)})}), {}};
}

std::optional<proof> challenge_mapping::web_server(const certbot_lineage& lineage, lineage_report& report) {
    report.add(remark_kind::changed,
               fmt::format(
                   "certbot rewrote {0}'s configuration for each challenge; here {0} passes challenges on to "
                   "evercertd at {1}, for which it is told a few lines once (see Next)",
                   lineage.authenticator, behind));
    return proof{add("http", {one("type", "http-01"), many("listen", {std::string(behind)})}), {}};
}

std::optional<proof> challenge_mapping::webroot(const certbot_lineage& lineage, lineage_report& report) {
    const std::vector<std::string> paths = lineage.params.texts("webroot_path");
    const ini_section* const map = lineage.params.below("webroot_map");
    std::map<std::string, std::string> folder_of; // by name
    std::map<std::string, std::size_t> used;
    for (const std::string& name : lineage.names) {
        auto folder = map == nullptr ? std::nullopt : map->text(name);
        if (!folder && !paths.empty()) {
            folder = paths.back(); // as certbot: the last one is for all that follow
        }
        if (!folder || !folder->starts_with('/')) {
            report.add(remark_kind::left, fmt::format("no webroot is said for {}", escape(name, 100)));
            return std::nullopt;
        }
        while (folder->size() > 1 && folder->back() == '/') {
            folder->pop_back();
        }
        ++used[*folder];
        folder_of[name] = std::move(*folder);
    }
    const auto most =
        std::ranges::max_element(used, [](const auto& a, const auto& b) { return a.second < b.second; });
    proof made;
    made.challenge = add("webroot", {one("type", "http-01"), one("webroot", most->first)});
    for (const std::string& name : lineage.names) {
        if (folder_of[name] != most->first) {
            made.rules.emplace_back(
                name, add("webroot", {one("type", "http-01"), one("webroot", folder_of[name])}));
        }
    }
    return made;
}

std::optional<proof> challenge_mapping::manual(const certbot_lineage& lineage, lineage_report& report) {
    const auto auth = lineage.params.text("manual_auth_hook");
    const auto cleanup = lineage.params.text("manual_cleanup_hook");
    const std::vector<std::string> preferred = lineage.params.texts("pref_challs");
    const bool by_dns = has_wildcard(lineage) || (!preferred.empty() && preferred.front().starts_with("dns"));
    if (!auth) {
        report.add(remark_kind::left,
                   "it was proven by hand, which no daemon can do: choose a challenge for it "
                   "(http-01, or a DNS provider) and add an entry");
        return std::nullopt;
    }
    if (!by_dns) {
        report.add(
            remark_kind::left,
            fmt::format(
                "its hook `{}` puts files for http-01, which evercert does itself: add an entry with a "
                "webroot that the files belong to, or with evercertd's own listener",
                escape(*auth, 200)));
        return std::nullopt;
    }
    report.add(remark_kind::changed,
               fmt::format("its hook `{}` is run by evercertd, not as root: what it reads has to be open to "
                           "user evercert, and what it writes named in ReadWritePaths= of the service",
                           escape(*auth, 200)));
    planned_fields fields{one("type", "dns-01"), one("provider", "exec"), one("convention", "certbot"),
                          many("command", argv_of(*auth))};
    if (cleanup) {
        fields.push_back(many("cleanup_command", argv_of(*cleanup)));
    }
    return proof{add("dns-hook", std::move(fields)), {}};
}

std::optional<proof> challenge_mapping::dns(const certbot_lineage& lineage, lineage_report& report) {
    if (lineage.authenticator == "dns-route53") {
        return route53(report);
    }
    const auto* const plugin =
        std::ranges::find(token_plugins, lineage.authenticator, &token_plugin::authenticator);
    if (plugin == token_plugins.end() && lineage.authenticator != "dns-rfc2136") {
        report.add(
            remark_kind::left,
            fmt::format("evercert has no counterpart to the plugin {}: add an entry with another challenge "
                        "(provider exec runs scripts of lego, certbot, dehydrated and acme.sh)",
                        escape(lineage.authenticator, 60)));
        return std::nullopt;
    }
    const auto credentials = read_credentials(lineage, report);
    if (!credentials) {
        return std::nullopt;
    }
    if (plugin == token_plugins.end()) {
        return rfc2136(credentials->section, report);
    }
    auto token = credential(credentials->section, plugin->token);
    const auto url = plugin->url.empty() ? std::nullopt : credential(credentials->section, plugin->url);
    if (!token || (!plugin->url.empty() && !url)) {
        report.add(remark_kind::left, fmt::format("{}: {}", plugin->authenticator, plugin->otherwise));
        return std::nullopt;
    }
    planned_fields fields{one("type", "dns-01"), one("provider", std::string(plugin->provider))};
    if (url) {
        fields.push_back(one("url", *url));
    }
    fields.push_back(one("secret_file", keep(fmt::format("{}.token", plugin->provider), *token + "\n")));
    crypto::wipe(*token);
    return proof{add(std::string(plugin->provider), std::move(fields)), {}};
}

std::optional<proof> challenge_mapping::rfc2136(const ini_section& credentials, lineage_report& report) {
    const auto server = credential(credentials, "dns_rfc2136_server");
    const auto name = credential(credentials, "dns_rfc2136_name");
    const auto secret = credential(credentials, "dns_rfc2136_secret");
    const std::string port = credential(credentials, "dns_rfc2136_port").value_or("53");
    const std::string how =
        to_lower_ascii(credential(credentials, "dns_rfc2136_algorithm").value_or("HMAC-MD5"));
    if (!server || !name || !secret) {
        report.add(remark_kind::left,
                   "dns-rfc2136: server, name or secret is missing in its credentials file");
        return std::nullopt;
    }
    // Only what is a key may go between these quotes.
    const bool plain = name->find_first_of("\"{};\n") == name->npos &&
                       secret->find_first_of("\"\n") == secret->npos &&
                       how.find_first_of("\"{};\n ") == how.npos;
    std::string text = plain ? fmt::format("key \"{}\" {{\n    algorithm {};\n    secret \"{}\";\n}};\n",
                                           *name, how, *secret)
                             : std::string();
    const auto read = solvers::parse_tsig_key(text);
    if (!read) {
        report.add(
            remark_kind::left,
            fmt::format("dns-rfc2136: its TSIG key cannot be used: {}; make a new one with tsig-keygen",
                        read.error().text()));
        crypto::wipe(text);
        return std::nullopt;
    }
    return proof{
        add("rfc2136",
            {one("type", "dns-01"), one("provider", "rfc2136"), one("server", bracketed(*server, port)),
             one("tsig_key_file", keep(section_name(*name, "rfc2136") + ".tsig", std::move(text)))}),
        {}};
}

std::optional<proof> challenge_mapping::route53(lineage_report& report) {
    // Those of root are nothing that evercertd could read, and its unit shows it no home.
    const std::string place = config_folder_ + "/route53.credentials";
    report.add(
        remark_kind::to_do,
        fmt::format("dns-route53 found its credentials by itself (~/.aws, the environment, the machine's "
                    "role); here they are a shared credentials file: put one there, as in `install -o "
                    "evercert -m 600 /root/.aws/credentials {}`",
                    place));
    return proof{
        add("route53", {one("type", "dns-01"), one("provider", "route53"), one("secret_file", place)}), {}};
}

} // namespace evercert::daemon
