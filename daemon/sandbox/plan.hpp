#pragma once
// What this process has to be able to do, read off its settings, so that all else can be given up.
#include "config/settings.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

struct sandbox_plan {
    std::vector<std::string> writable;         ///< folders, absolute
    std::vector<std::string> reasons_to_run{}; ///< why it starts programs: "deployments"; none: never

    [[nodiscard]] bool runs_programs() const noexcept { return !reasons_to_run.empty(); }
};

/// `deploys_elsewhere`: another process tests, reloads, runs hooks and writes outputs.
sandbox_plan plan_sandbox(const config::settings& settings, bool deploys_elsewhere);

/// What `later` needs that a process confined by `in_force` cannot do, one phrase each ("writing to
/// /var/www"); none: it fits.
std::vector<std::string> beyond(const sandbox_plan& in_force, const sandbox_plan& later);

} // namespace evercert::daemon
