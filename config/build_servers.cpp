// Challenges and deployments: what touches servers on this machine.
#include "config/build.hpp"
#include "config/builtin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace evercert::config {
namespace {

void refuse_repeats(const section& entry, std::string_view key, const std::string& path,
                    mistake_list& mistakes) {
    const auto items = entry.items(key).value_or(std::vector<node>());
    for (std::size_t i = 1; i < std::min<std::size_t>(items.size(), 32); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (items[i].text() == items[j].text()) {
                mistakes.add(items[i].at(), path,
                             fmt::format("{} stands here twice, first at {}", in_quotes(items[i].text()),
                                         to_string(items[j].at())));
                break;
            }
        }
    }
}

void read_deployment(const section& entry, deployment& into, bool is_builtin, mistake_list& mistakes) {
    const std::string path = "deployments." + into.name;
    into.test = entry.texts("test").value_or(into.test);
    const bool has_command = entry.find("command").has_value();
    const bool has_unit = entry.find("reload_unit").has_value();
    if (has_command && has_unit) {
        mistakes.add(
            std::max(entry.at("command"), entry.at("reload_unit")), path,
            "command and reload_unit exclude each other; keep the one that makes the server use the new "
            "certificate");
    } else if (!has_command && !has_unit && !is_builtin) {
        mistakes.add(entry.at(), path,
                     "either command or reload_unit is needed, or nothing would be deployed");
    }
    if (has_command) {
        into.command = entry.texts("command").value_or(std::vector<std::string>());
        into.reload_unit.clear();
    }
    if (has_unit) {
        into.reload_unit = entry.text("reload_unit").value_or("");
        into.command.clear();
    }
    into.verify = entry.texts("verify").value_or(into.verify);
    refuse_repeats(entry, "verify", path + ".verify", mistakes);
    into.timeout = entry.duration("timeout").value_or(into.timeout);
}

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

/// Keys that another kind of challenge would have.
void refuse_foreign_keys(const section& entry, const std::string& path, std::string_view kind,
                         std::span<const std::string_view> keys, mistake_list& mistakes) {
    for (const std::string_view key : keys) {
        if (entry.find(key)) {
            mistakes.add(entry.at(key), fmt::format("{}.{}", path, key),
                         fmt::format("{} does not have this key; leave it out", kind));
        }
    }
}

void read_challenge(const section& entry, challenge& into, mistake_list& mistakes) {
    const std::string path = "challenges." + into.name;
    const std::string type = entry.text("type").value_or("http-01");
    if (type == "tls-alpn-01") {
        static constexpr std::array<std::string_view, 2> foreign{"redirect_to_https", "webroot"};
        refuse_foreign_keys(entry, path, "a tls-alpn-01 challenge", foreign, mistakes);
        into.how = tls_alpn01_listener{read_listen(entry, path, 443, mistakes)};
    } else if (const auto folder = entry.path("webroot")) {
        static constexpr std::array<std::string_view, 2> foreign{"listen", "redirect_to_https"};
        refuse_foreign_keys(entry, path, "an http-01 challenge with a webroot", foreign, mistakes);
        into.how = http01_webroot{*folder};
    } else {
        into.how = http01_listener{read_listen(entry, path, 80, mistakes),
                                   entry.flag("redirect_to_https").value_or(false)};
    }
}

} // namespace

void build_challenges(const section& root, settings& out, mistake_list& mistakes) {
    out.challenges["http"] = challenge{"http", http01_listener{{all_interfaces(80)}, false}};
    for (const auto& [name, value] : named_entries(root, "challenges")) {
        challenge& made = out.challenges[name] =
            challenge{name, http01_listener{{all_interfaces(80)}, false}};
        if (value.kind() == node_kind::map) {
            read_challenge(section(value, named_schema("challenges")), made, mistakes);
        }
    }
}

void build_deployments(const section& root, settings& out, mistake_list& mistakes) {
    for (const deployment& known : builtin_deployments()) {
        out.deployments[known.name] = known;
    }
    for (const auto& [name, value] : named_entries(root, "deployments")) {
        const auto [at, is_new] = out.deployments.try_emplace(name);
        at->second.name = name;
        if (value.kind() == node_kind::map) {
            read_deployment(section(value, named_schema("deployments")), at->second, !is_new, mistakes);
        }
    }
}

} // namespace evercert::config
