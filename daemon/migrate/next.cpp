#include "daemon/migrate/next.hpp"

#include "core/base/text.hpp"
#include "daemon/control/snippet.hpp"
#include "daemon/migrate/keep_paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

namespace evercert::daemon {
namespace {

constexpr std::string_view usual_config = "/etc/evercert/evercert.yaml";

/// Given again as it was, but for --apply.
std::string command_again(const import_situation& now) {
    const import_options& options = now.options;
    std::string command = "evercert import certbot " + shell_word(now.tree.root());
    const auto add = [&](std::string_view name, const std::string& value) {
        command += value.empty() ? "" : fmt::format(" --{} {}", name, shell_word(value));
    };
    add("config", options.config == usual_config ? "" : options.config);
    add("output", options.output);
    add("data-dir", options.data_dir);
    add("trust", options.trust);
    return command + " --apply --keep-paths";
}

/// Where the unit's ProtectHome= lets nothing be seen.
bool lies_in_a_home(std::string_view folder) {
    constexpr std::array<std::string_view, 3> homes{"/home/", "/root/", "/run/user/"};
    return std::ranges::any_of(homes, [&](std::string_view home) { return folder.starts_with(home); });
}

/// For a sentence: the first of many.
std::string named(const std::vector<std::string>& all) {
    constexpr std::size_t most = 20;
    std::vector<std::string> first(all.begin(), all.begin() + std::min(all.size(), most));
    const std::size_t more = all.size() - first.size();
    return join(first, ", ") + (more == 0 ? std::string() : fmt::format(" and {} more", more));
}

/// More webroots than this are no command any more.
constexpr std::size_t most_webroots = 20;

void tell_webroots(const import_situation& now, std::vector<std::string>& next) {
    std::set<std::string> folders;
    for (const auto& [name, challenge] : now.settings.challenges) {
        if (const auto* webroot = std::get_if<config::http01_webroot>(&challenge.how)) {
            folders.insert(webroot->folder);
        }
    }
    if (folders.empty()) {
        return;
    }
    if (folders.size() > most_webroots) {
        next.push_back(fmt::format("Let evercertd write into each of the {} webroots under `challenges` "
                                   "(unless it runs as root), {}: "
                                   "setfacl -m u:evercert:rwx WEBROOT; and for the service `systemctl edit "
                                   "evercertd`, with the lines "
                                   "[Service] and ReadWritePaths= with a folder above them. Where a web "
                                   "server has port 80: systemctl "
                                   "mask evercertd.socket. `evercert diagnose NAME` shows whether it works",
                                   folders.size(), named({folders.begin(), folders.end()})));
        return;
    }
    std::vector<std::string> words;
    std::vector<std::string> open;
    std::vector<std::string> homes;
    for (const std::string& each : folders) {
        words.push_back(shell_word(each));
        (lies_in_a_home(each) ? homes : open).push_back(each);
    }
    std::vector<std::string> lines;
    if (!open.empty()) {
        lines.push_back("ReadWritePaths=" + join(open, " "));
    }
    if (!homes.empty()) { // ReadWritePaths= alone would not bring back what ProtectHome= hides
        lines.insert(lines.end(), {"ProtectHome=tmpfs", "BindPaths=" + join(homes, " ")});
    }
    next.push_back(fmt::format("Let evercertd write into {0} (unless it runs as root): "
                               "setfacl -m u:evercert:rwx {1}; and for the "
                               "service `systemctl edit evercertd`, with the lines "
                               "[Service] and {2}. Where a web "
                               "server has port 80: systemctl mask evercertd.socket. "
                               "`evercert diagnose NAME` shows whether it works",
                               fmt::join(folders, ", "), fmt::join(words, " "), fmt::join(lines, ", ")));
}

/// Puts renewal configurations aside. Each line is short enough to be shown whole.
std::string put_aside_by_hand(const certbot_tree& tree, const std::vector<std::string>& lineages) {
    constexpr std::size_t most_in_line = 10;
    std::string commands = "cd " + shell_word(tree.absolute("renewal"));
    for (std::size_t at = 0; at < lineages.size(); at += most_in_line) {
        std::string words;
        for (std::size_t i = at; i < std::min(at + most_in_line, lineages.size()); ++i) {
            words += " " + shell_word(lineages[i]);
        }
        commands += fmt::format("\nfor l in{}; do mv \"$l.conf\" \"$l.conf{}\"; done", words, put_aside);
    }
    return commands;
}

void tell_certbots_part(const import_situation& now, std::vector<std::string>& next) {
    std::vector<std::string> left;
    std::vector<std::string> kept; // of ours, but servers still read certbot's files
    for (const lineage_report& each : now.plan.report.lineages) {
        if (each.entry.empty()) {
            left.push_back(each.lineage);
        } else if (!now.switched.contains(each.lineage)) {
            kept.push_back(each.lineage);
        }
    }
    if (now.options.keep_paths && !now.options.apply) {
        kept.clear(); // what will be of them is not known yet
    }
    if (now.options.keep_paths && !kept.empty()) {
        next.push_back(
            fmt::format("The paths of {} were not switched, for the reasons above: when those are gone, stop "
                        "evercertd and import again. Until then certbot has to go on",
                        named(kept)));
        left.insert(left.end(), kept.begin(), kept.end());
        kept.clear();
    }
    if (!left.empty()) {
        if (!kept.empty()) {
            next.push_back("Let certbot stop renewing what evercert renews:\n" +
                           put_aside_by_hand(now.tree, kept));
        }
        next.push_back(fmt::format("Leave certbot's timer on: it still has to renew {}", named(left)));
        return;
    }
    next.emplace_back("Stop certbot's own renewals: systemctl disable --now certbot.timer (of the snap: "
                      "snap.certbot.renew.timer; without systemd take its line out of /etc/cron.d/certbot or "
                      "root's crontab)");
    if (!now.switched.empty()) {
        next.emplace_back(
            "Keep /etc/letsencrypt, as servers go on reading it: `apt remove certbot` leaves it "
            "there, `apt purge certbot` may delete it");
    }
}

} // namespace

std::vector<std::string> next_steps(const import_situation& now) {
    std::vector<std::string> next;
    if (!now.options.apply) {
        next.push_back(fmt::format("Do it: {} (without --keep-paths servers have to be told the new places)",
                                   command_again(now)));
    }
    if (now.diverted) {
        next.push_back(
            fmt::format("{0} was there already and was not touched: merge {0}.imported into it, then run "
                        "`evercert check {0}`",
                        now.config));
    }
    for (const std::string& server : now.plan.web_servers) {
        next.push_back(fmt::format("Tell {} once:\n{}", server, snippet_for(server, now.settings)));
    }
    tell_webroots(now, next);
    if (now.options.apply && now.switched.empty()) {
        next.push_back(
            fmt::format("Point servers and hooks at {}/live/NAME/fullchain.pem and privkey.pem in place of "
                        "{}/live/NAME, or import with --keep-paths",
                        now.data_dir, now.tree.root()));
    }
    next.emplace_back("Start the daemon, and look: systemctl enable --now evercertd; evercert status");
    tell_certbots_part(now, next);
    if (!now.switched.empty()) {
        next.push_back(
            "The way back, should it be wanted, when evercertd is stopped and before certbot's timer is "
            "on again:\n" +
            way_back(now.tree));
    }
    return next;
}

} // namespace evercert::daemon
