#pragma once
// What the kernel says about this process: /proc/self/status (proc(5)).
#include <string>
#include <string_view>

namespace evercert::daemon {

struct process_facts {
    std::string user;         ///< name, or "uid N"
    std::string capabilities; ///< effective: "none", "all", or hexadecimal; "unknown" without /proc
    bool no_new_privileges = false;
    bool filtered = false; ///< a seccomp filter is in force, whosever it is
};

process_facts read_process_facts();
/// The part that /proc/self/status tells.
process_facts parse_process_status(std::string_view text, std::string_view last_capability);

} // namespace evercert::daemon
