// What follows a new certificate: certbot's installers and hooks as our deployments.
#include "config/builtin.hpp"
#include "core/base/text.hpp"
#include "daemon/migrate/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

bool is_plain_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:=@%+,-").find(c) != std::string_view::npos;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

} // namespace

std::vector<std::string> argv_of(const std::string& command) {
    // A word without a slash may be the shell's own.
    const bool plain = command.starts_with('/') &&
                       std::ranges::all_of(command, [](char c) { return c == ' ' || is_plain_word_byte(c); });
    if (!plain) {
        return {"/bin/sh", "-c", command};
    }
    std::vector<std::string> words;
    for (std::string_view rest = trim(command); !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        words.emplace_back(rest.substr(0, end));
        rest = trim(rest.substr(end));
    }
    return words;
}

deployment_mapping::deployment_mapping(const certbot_tree& tree, certbot_options cli) : cli_(std::move(cli)) {
    if (cli_.contains("no_directory_hooks")) {
        return;
    }
    everywhere_ = tree.hooks("renewal-hooks/deploy");
    before_ = tree.hooks("renewal-hooks/pre");
    after_ = tree.hooks("renewal-hooks/post");
}

void deployment_mapping::tell_folder_hooks(import_report& report) const {
    for (const std::string& each : before_) {
        report.add(
            remark_kind::to_do,
            fmt::format("{} is not run: evercert stops no server and needs none stopped", escape(each, 300)));
    }
    for (const std::string& each : after_) {
        report.add(before_.empty() ? remark_kind::changed : remark_kind::to_do,
                   before_.empty()
                       ? fmt::format("{} runs after each new certificate, no longer after failures too",
                                     escape(each, 300))
                       : fmt::format("{} is not run, as it follows a pre-hook: what of it a new certificate "
                                     "needs (a reload, a copy) is a deployment",
                                     escape(each, 300)));
    }
}

std::optional<std::string> deployment_mapping::said(const certbot_lineage& lineage,
                                                    std::string_view key) const {
    const auto at = cli_.find(key); // goes before what the lineage says, as a word on the command line would
    return at == cli_.end() ? lineage.params.text(key) : std::optional(at->second);
}

std::string deployment_mapping::hook(const std::string& command) {
    const std::vector<std::string> argv = argv_of(command);
    const planned_fields fields{{"command", argv, true}, {"convention", {"certbot"}, false}};
    const auto same = std::ranges::find(deployments, fields, &planned_section::fields);
    if (same != deployments.end()) {
        return same->name;
    }
    const std::string name =
        argv.front() == "/bin/sh" ? std::string("hook") : section_name(base_name(argv.front()), "hook");
    std::string free = name;
    const auto built_in = config::builtin_deployments();
    const auto taken = [&] {
        // Under the name of a server the command would take the place of what is built in for that one.
        return std::ranges::find(built_in, free, &evercert::deployment::name) != built_in.end() ||
               std::ranges::find(deployments, free, &planned_section::name) != deployments.end();
    };
    for (int i = 2; taken(); ++i) {
        free = fmt::format("{}-{}", name, i);
    }
    deployments.push_back({free, fields});
    return free;
}

std::vector<std::string> deployment_mapping::map(const certbot_lineage& lineage, lineage_report& report) {
    std::vector<std::string> names;
    if (lineage.installer == "nginx" || lineage.installer == "apache") {
        names.push_back(lineage.installer);
    } else if (!lineage.installer.empty()) {
        report.add(remark_kind::to_do,
                   fmt::format("the installer {} has no counterpart: give the entry a deployment",
                               escape(lineage.installer, 60)));
    }
    const auto add = [&](const std::string& command) {
        const std::string name = hook(command);
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    };
    std::ranges::for_each(everywhere_, add);
    // Two names of one option; in cli.ini either goes before what a lineage says.
    auto deploy_hook = said(lineage, cli_.contains("deploy_hook") ? "deploy_hook" : "renew_hook");
    if (!deploy_hook) {
        deploy_hook = lineage.params.text("deploy_hook");
    }
    if (deploy_hook) {
        add(*deploy_hook);
    }
    const auto before = said(lineage, "pre_hook");
    const auto after = said(lineage, "post_hook");
    if (after && !before) {
        report.add(
            remark_kind::changed,
            fmt::format("its post-hook `{}` runs after each new certificate, no longer after failures too",
                        escape(*after, 200)));
        add(*after);
    } else if (before) {
        report.add(
            remark_kind::to_do,
            fmt::format("its pre-hook `{}`{} is not run: a server that it stopped to free port 80 passes "
                        "challenges on instead (`evercert snippet`)",
                        escape(*before, 200),
                        after ? fmt::format(" and its post-hook `{}`", escape(*after, 200)) : std::string()));
    }
    if (before_.empty()) {
        std::ranges::for_each(after_, add);
    }
    return names;
}

} // namespace evercert::daemon
