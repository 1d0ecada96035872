#pragma once
// Gives up, inside the process, what the settings have no need for, and says what is in force.
#include "core/ports/event_sink.hpp"
#include "daemon/sandbox/plan.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

/// What confines this process, for `evercert status`.
struct confinement {
    std::string runs_as;      ///< "evercert", or "uid 990" without a name
    std::string capabilities; ///< "none", "all", or as hexadecimal
    bool no_new_privileges = false;
    std::vector<std::string> layers; ///< "system calls: filtered by evercertd and from outside"; one for each
    std::vector<std::string> gaps;   ///< "files: the kernel has no Landlock"; why a layer is not there
};

/// Restricts files (Landlock) and system calls (seccomp), as far as kernel and plan allow: a process that
/// starts programs gives up nothing, since they would inherit it. Never fails. Threads that run already
/// keep their rights to files: call it before there are any. Events: process.confined (info),
/// process.not_confined (debug: the plan does not allow it; warning: the kernel does not).
confinement enter_sandbox(const sandbox_plan& plan, event_sink& events);

} // namespace evercert::daemon
