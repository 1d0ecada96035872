#include "daemon/sandbox/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace evercert::daemon {
namespace {

/// "/srv/{name}/www" is written to below /srv.
std::string fixed_part(const std::string& folder) {
    const auto brace = folder.find('{');
    return brace == std::string::npos ? folder : folder.substr(0, folder.rfind('/', brace));
}

bool lies_in(const std::string& folder, const std::string& other) {
    return folder == other || folder.starts_with(other.ends_with('/') ? other : other + "/");
}

} // namespace

sandbox_plan plan_sandbox(const config::settings& settings, bool deploys_elsewhere) {
    std::set<std::string> folders{settings.data_dir,
                                  std::filesystem::path(settings.control.socket).parent_path().string()};
    std::set<std::string> reasons;
    for (const auto& [name, challenge] : settings.challenges) {
        if (const auto* webroot = std::get_if<config::http01_webroot>(&challenge.how)) {
            folders.insert(fixed_part(webroot->folder));
        }
        const auto* dns = std::get_if<config::dns_challenge>(&challenge.how);
        if (dns != nullptr && dns->provider == "exec") {
            reasons.insert("the hooks of challenge " + name);
        }
    }
    for (const config::notification& each : settings.notifications) {
        const auto* mail = std::get_if<config::mail_channel>(&each.how);
        if (std::holds_alternative<config::command_channel>(each.how) || (mail != nullptr && !mail->smtp)) {
            reasons.insert("the notification " + each.name);
        }
    }
    if (!deploys_elsewhere) {
        // Even with none now: a server's deployment usually comes with a reload, once its first certificate
        // is there.
        reasons.insert("deployments");
    }
    return {{folders.begin(), folders.end()}, {reasons.begin(), reasons.end()}};
}

std::vector<std::string> beyond(const sandbox_plan& in_force, const sandbox_plan& later) {
    if (in_force.runs_programs()) {
        return {}; // then nothing was given up
    }
    std::vector<std::string> missing;
    for (const std::string& reason : later.reasons_to_run) {
        missing.push_back("running " + reason);
    }
    for (const std::string& folder : later.writable) {
        if (std::ranges::none_of(in_force.writable,
                                 [&](const std::string& granted) { return lies_in(folder, granted); })) {
            missing.push_back("writing to " + folder);
        }
    }
    return missing;
}

} // namespace evercert::daemon
