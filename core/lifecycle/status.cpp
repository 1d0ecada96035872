#include "core/lifecycle/entry.hpp"

#include <algorithm>

namespace evercert::lifecycle {

std::string_view to_string(state s) noexcept {
    switch (s) {
    case state::starting:
        return "starting";
    case state::waiting:
        return "waiting";
    case state::queued:
        return "queued";
    case state::ordering:
        return "ordering";
    case state::deploying:
        return "deploying";
    case state::failing:
        return "failing";
    }
    return "starting";
}

certificate_status status_of(const entry& what, const engine_parts& parts) {
    const machine_state& machine = what.machine;
    const storage::job_record& job = machine.job;
    certificate_status shown;
    shown.name = machine.wanted.name;
    for (const identifier& name : machine.wanted.names) {
        shown.names.push_back(name.value);
    }
    shown.issuer = machine.wanted.issuer;
    shown.challenge = machine.wanted.challenge;
    shown.key = std::string(evercert::to_string(machine.wanted.key));
    shown.deploy = machine.wanted.deploy;
    shown.where = what.phase;
    if (machine.live) {
        const version_facts& live = *machine.live;
        shown.live = live_certificate{.version = live.number,
                                      .serial = live.serial,
                                      .fingerprint = live.fingerprint,
                                      .issuer = live.issuer_name,
                                      .not_before = live.not_before,
                                      .not_after = live.not_after,
                                      .revoked = job.revoked == live.fingerprint};
    }
    if (what.phase == state::waiting || what.phase == state::failing) {
        shown.next_run = what.held_until ? std::max(*what.held_until, what.next.when) : what.next.when;
        shown.next_reason = what.held_until ? what.held_because : what.next.reason;
    }
    shown.failures = job.failures;
    shown.problem_class = job.problem_class;
    shown.problem = what.held_until && job.problem.empty() ? what.held_because : job.problem;
    shown.last_failure = job.last_failure;
    shown.last_success = job.last_success;
    shown.deployed = machine.live && !machine.staged &&
                     (machine.wanted.deploy.empty() || job.deployed == machine.live->fingerprint);
    shown.deploy_failures = job.deploy_failures;
    shown.deploy_problem = job.deploy_problem;
    shown.order_url = job.order_url;
    shown.directory = parts.repository.live_directory(machine.wanted.name);
    return shown;
}

} // namespace evercert::lifecycle
