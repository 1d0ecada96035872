#include "daemon/sandbox/sandbox.hpp"

#include "core/base/text.hpp"
#include "daemon/sandbox/landlock.hpp"
#include "daemon/sandbox/process_facts.hpp"
#include "daemon/sandbox/system_calls.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <utility>

namespace evercert::daemon {
namespace {

void tell(event_sink& events, std::string_view id, severity level, std::string message) {
    const event what{
        .id = id, .level = level, .certificate = {}, .message = std::move(message), .fields = {}};
    events.emit(what);
}

std::string calls_layer(bool by_us, bool from_outside) {
    return fmt::format("system calls: filtered {}", by_us && from_outside ? "by evercertd and from outside"
                                                    : by_us               ? "by evercertd"
                                                                          : "from outside");
}

/// A folder that is not there cannot be opened up, and stays closed when it is made.
std::string files_layer(const std::vector<std::string>& writable) {
    std::vector<std::string> folders;
    std::vector<std::string> missing;
    for (const std::string& folder : writable) {
        (::access(folder.c_str(), F_OK) == 0 ? folders : missing).push_back(folder);
    }
    std::string told = fmt::format("files: Landlock (version {}): writes only below {}; runs no programs",
                                   landlock_version(), join(folders, ", "));
    if (!missing.empty()) {
        told += fmt::format("; {} did not exist at the start: once made, writable after a restart",
                            join(missing, ", "));
    }
    if (landlock_version() < landlock_with_truncate) {
        told += "; does not keep files from being cut short";
    }
    return told;
}

} // namespace

confinement enter_sandbox(const sandbox_plan& plan, event_sink& events) {
    confinement told;
    const bool filtered_before = read_process_facts().filtered;
    bool filtered_by_us = false;
    if (plan.runs_programs()) {
        const std::string why = fmt::format("this process starts programs ({}), which would inherit it",
                                            join(plan.reasons_to_run, ", "));
        told.gaps = {"files: not restricted: " + why, "system calls: not filtered by evercertd: " + why};
        tell(events, "process.not_confined", severity::debug, "Landlock and seccomp are not used: " + why);
    } else {
        if (auto files = restrict_files(plan.writable); files) {
            told.layers.push_back(files_layer(plan.writable));
        } else {
            told.gaps.push_back("files: " + files.error().text());
        }
        if (auto calls = filter_system_calls(); calls) {
            filtered_by_us = true;
        } else {
            told.gaps.push_back("system calls: " + calls.error().text());
        }
        for (const std::string& gap : told.gaps) {
            tell(events, "process.not_confined", severity::warning, gap);
        }
    }
    if (filtered_by_us || filtered_before) {
        told.layers.push_back(calls_layer(filtered_by_us, filtered_before));
    }
    if (!told.layers.empty()) {
        tell(events, "process.confined", severity::info, join(told.layers, "; "));
    }
    const process_facts facts = read_process_facts();
    told.runs_as = facts.user;
    told.capabilities = facts.capabilities;
    told.no_new_privileges = facts.no_new_privileges;
    return told;
}

} // namespace evercert::daemon
