// Deployments: what touches servers on this machine.
#include "config/build.hpp"
#include "config/builtin.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::config {
namespace {

/// The kernel takes no longer path of a socket.
constexpr std::size_t longest_socket = 107;

void read_runtime(const section& entry, deployment& into, const std::string& path, mistake_list& mistakes) {
    const auto text = entry.text("runtime");
    if (!text) {
        return;
    }
    into.runtime = *text == "off" ? std::string() : absolute_path(*text);
    if (into.runtime.size() > longest_socket) {
        mistakes.add(entry.at("runtime"), path,
                     fmt::format("the path of a socket is at most {} bytes long", longest_socket));
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
    if (const auto targets = entry.texts("verify")) {
        into.verify.clear();
        for (const std::string& text : *targets) {
            if (auto target = parse_verify_target(text)) {
                into.verify.push_back(std::move(*target));
            }
        }
    }
    refuse_repeats(entry, "verify", path + ".verify", mistakes);
    read_runtime(entry, into, path + ".runtime", mistakes);
    into.convention = entry.text("convention").value_or(into.convention);
    // Only what is called for each certificate by itself has one lineage to tell of.
    if (entry.find("convention") &&
        (into.command.empty() || !into.test.empty() || !into.verify.empty() || !into.runtime.empty())) {
        mistakes.add(entry.at("convention"), path + ".convention",
                     "a convention is for hooks, which are called for each certificate: give `command`, and "
                     "none of test, verify and runtime");
    }
    into.timeout = entry.duration("timeout").value_or(into.timeout);
}

} // namespace

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
