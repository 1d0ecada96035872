#include "core/lifecycle/renewal.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/due.hpp"
#include "core/lifecycle/machine_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::lifecycle {
namespace {

const storage::renewal_info_record* window_for(const storage::job_record& job, const leaf_facts& leaf) {
    const auto at =
        std::ranges::find(job.renewal_info, leaf.fingerprint, &storage::renewal_info_record::fingerprint);
    return at == job.renewal_info.end() ? nullptr : &*at;
}

/// A CA whose windows make us renew what it has just issued is not followed faster than this.
wall_time earliest_again(const machine_state& state) {
    constexpr std::array<milliseconds, 4> ladder{milliseconds(0), std::chrono::minutes(10),
                                                 std::chrono::minutes(100), std::chrono::hours(24)};
    const storage::job_record& job = state.job;
    if (job.early_renewals == 0 || !job.last_success) {
        return wall_time::min();
    }
    return *job.last_success + ladder[std::min<std::size_t>(job.early_renewals, ladder.size() - 1)];
}

struct moment {
    wall_time when = wall_time::max();
    const leaf_facts* leaf = nullptr; ///< null: by its lifetime
    const storage::renewal_info_record* window = nullptr;
};

moment earliest_moment(const machine_state& state) {
    const version_facts& subject = *subject_of(state);
    moment earliest;
    for (const leaf_facts& leaf : subject.leaves) {
        const auto* window = window_for(state.job, leaf);
        const wall_time when =
            window == nullptr
                ? *state.job.renew_at
                : std::max(std::min(window->moment, latest_renewal(leaf.not_before, leaf.not_after)),
                           std::min(earliest_again(state), *state.job.renew_at));
        if (when < earliest.when) {
            earliest = {when, &leaf, window};
        }
    }
    earliest.when = std::min(earliest.when, subject.not_after());
    return earliest;
}

} // namespace

wall_time effective_renewal(const machine_state& state) {
    return earliest_moment(state).when;
}

std::string window_reason(wall_time when, wall_time start, wall_time end) {
    return fmt::format("renewal {} the CA's window from {} to {}", when < start ? "does not wait for" : "in",
                       format_time(start), format_time(end));
}

due_reason planned_renewal(const machine_state& state) {
    const version_facts& subject = *subject_of(state);
    const moment planned = earliest_moment(state);
    if (planned.window == nullptr) {
        return {cause::lifetime, "renewal " + window_in_words(subject.not_before(), subject.not_after())};
    }
    std::string text = window_reason(planned.when, planned.window->start, planned.window->end);
    if (!planned.window->explanation_url.empty()) {
        text += fmt::format(" (it explains: {})", escape(planned.window->explanation_url, 200));
    }
    return {cause::renewal_info, std::move(text)};
}

bool in_window(const storage::job_record& job, const leaf_facts& leaf, wall_time now) {
    const auto* window = window_for(job, leaf);
    return window != nullptr && window->start <= now && now < window->end;
}

const leaf_facts* replaced_leaf(const machine_state& state, const std::string& issuer, key_type key) {
    const version_facts* subject = subject_of(state);
    if (subject == nullptr || state.job.issuer != issuer) {
        return nullptr;
    }
    const auto leaf = std::ranges::find(subject->leaves, key, &leaf_facts::key);
    if (leaf == subject->leaves.end()) {
        return nullptr;
    }
    const bool common = std::ranges::any_of(
        state.wanted->names, [&](const identifier& name) { return lists_name(subject->names, name.value); });
    return common ? &*leaf : nullptr;
}

order_kind kind_of_order(const machine_state& state, const std::string& issuer, key_type key, wall_time now) {
    const leaf_facts* leaf = replaced_leaf(state, issuer, key);
    if (leaf == nullptr) {
        return order_kind::fresh;
    }
    if (in_window(state.job, *leaf, now)) {
        return order_kind::ari;
    }
    return lists_names(subject_of(state)->names, state.wanted->names) ? order_kind::same_set
                                                                      : order_kind::fresh;
}

} // namespace evercert::lifecycle
