#include "core/lifecycle/deploying.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

deployment_task task_for(const machine_state& state, const version_facts& wanted,
                         const std::optional<version_facts>& other, const engine_parts& parts) {
    deployment_task task;
    task.certificate = state.wanted->name;
    task.names = state.wanted->names;
    task.outputs = state.wanted->policy->outputs;
    task.deployments = state.wanted->policy->deploy;
    task.live_directory = parts.files.live_directory(state.wanted->name);
    for (const leaf_facts& leaf : wanted.leaves) {
        task.fingerprints.push_back(leaf.fingerprint);
    }
    if (other) {
        for (const leaf_facts& leaf : other->leaves) {
            task.predecessors.push_back(leaf.fingerprint);
        }
    }
    return task;
}

awaitable<result<void>> switch_live(const machine_state& state, const version_facts& to,
                                    const engine_parts& parts) {
    auto work = [&state, &to, &parts] {
        return parts.files.make_live(state.wanted->name, to.number, to.just_staged);
    };
    co_return co_await parts.workers.run(work);
}

} // namespace

awaitable<machine_event> perform_deployment(const machine_state& state, const engine_parts& parts,
                                            teller tell) {
    const bool live = state.staged->just_staged && state.live && state.live->number == state.staged->number;
    if (live && !state.wanted->policy->has_deployments()) {
        co_return deployed{}; // it was made live as it was stored
    }
    const version_facts target = *state.staged;
    const std::optional<version_facts> before =
        state.live && state.live->number != target.number ? state.live : std::nullopt;

    if (auto switched = co_await switch_live(state, target, parts); !switched) {
        const error failure = switched.error().within("the new version could not be made live");
        co_return deployment_failed{failure.text(), std::nullopt};
    }
    machine_event live_now = made_live{};
    if (auto told = co_await tell(std::move(live_now)); !told) {
        // The link decides, the record only follows: go on.
        event unsaved{.id = "store.record_failed",
                      .level = severity::warning,
                      .certificate = state.wanted->name,
                      .message = told.error().text(),
                      .fields = {}};
        parts.events.emit(unsaved);
    }
    if (!state.wanted->policy->has_deployments()) {
        co_return deployed{};
    }
    deployment_task forward = task_for(state, target, before, parts);
    auto done = co_await parts.deploys.deploy(std::move(forward));
    if (done) {
        co_return deployed{};
    }
    deployment_failed failure{done.error().text(), std::nullopt};
    const bool good = before && before->not_after() > parts.time.now() &&
                      std::ranges::none_of(before->leaves, [&](const leaf_facts& leaf) {
                          return state.job.is_revoked(leaf.fingerprint);
                      });
    if (!good) {
        co_return failure;
    }
    if (auto back = co_await switch_live(state, *before, parts); !back) {
        failure.text += "; and the version before could not be made live again: " + back.error().text();
        co_return failure;
    }
    failure.back_to = before;
    deployment_task backward = task_for(state, *before, target, parts);
    auto restored = co_await parts.deploys.deploy(std::move(backward));
    event switched{.id = "cert.switched_back",
                   .level = severity::warning,
                   .certificate = state.wanted->name,
                   .message = fmt::format(
                       "version {} is live again because version {} could not be deployed{}", before->number,
                       target.number,
                       restored ? "" : "; the reload for it failed as well: " + restored.error().text()),
                   .fields = {{"version", fmt::format("{}", before->number)}}};
    parts.events.emit(switched);
    co_return failure;
}

} // namespace evercert::lifecycle
