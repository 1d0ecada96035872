#include "core/lifecycle/machine.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/issuer_choice.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "core/lifecycle/renewal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// A revocation waits this long for its replacement to be deployed.
constexpr milliseconds replacement_patience = std::chrono::minutes(3);

/// What the deciding comes to.
class outlook {
public:
    /// Remembers the earliest.
    void at(wall_time when, cause why, std::string reason) {
        if (when < wait_.when) {
            wait_.when = when;
            wait_.why = why;
            wait_.reason = std::move(reason);
        }
    }
    [[nodiscard]] next_step result() && { return std::move(wait_); }

private:
    next_step wait_{action::wait, wall_time::max(), cause::none, {}, {}};
};

bool has_these_keys(const version_facts& version, const std::vector<key_type>& keys) {
    return std::ranges::equal(version.leaves, keys, {}, &leaf_facts::key);
}

/// Why a new certificate is wanted at `now`, if it is.
due_reason reason_to_order(const machine_state& state, wall_time now) {
    const issuance_policy& policy = *state.wanted->policy;
    const storage::job_record& job = state.job;
    const version_facts* subject = subject_of(state);
    if (subject == nullptr) {
        return {cause::first, "there is no certificate yet"};
    }
    if (!lists_names(subject->names, state.wanted->names)) {
        return {cause::configured, "its names were changed in the configuration"};
    }
    if (!has_these_keys(*subject, policy.keys)) {
        return {cause::configured, "its key types were changed in the configuration"};
    }
    if (!job.issuer.empty() && std::ranges::find(policy.issuers, job.issuer) == policy.issuers.end()) {
        return {cause::configured, "its issuer was changed in the configuration"};
    }
    if (!job.issuer.empty() && job.profile != policy.profile) {
        return {cause::configured, "its profile was changed in the configuration"};
    }
    for (const leaf_facts& leaf : subject->leaves) {
        if (job.is_revoked(leaf.fingerprint)) {
            return {cause::revoked, "the certificate was revoked"};
        }
        if (std::ranges::find(job.barred_keys, leaf.key_digest) != job.barred_keys.end()) {
            return {cause::revoked, "its key must not be used any more"};
        }
    }
    if (job.revoking && job.revoking->version == subject->number) {
        return {cause::revoked, "the certificate is about to be revoked"};
    }
    if (!job.renew_reason.empty()) {
        return {cause::asked, "renewal " + job.renew_reason};
    }
    if (now >= subject->not_after()) {
        return {cause::expired, "the certificate has expired"};
    }
    if (now >= effective_renewal(state)) {
        return planned_renewal(state);
    }
    return {};
}

bool may_revoke_now(const machine_state& state, wall_time now) {
    const storage::revocation_wish& wish = *state.job.revoking;
    const bool replaced = state.live && state.live->number != wish.version && !state.staged;
    const bool stuck = state.job.failures() > 0 || state.job.deploy_failures > 0;
    return replaced || stuck || now >= wish.asked + replacement_patience || now < wish.asked;
}

next_step decide(const machine_state& state, wall_time now) {
    if (!state.looked) {
        return {action::look, now, cause::none, "its files have not been looked at", {}};
    }
    outlook coming;
    if (state.staged) {
        const wall_time when = believable(state.job.deploy_not_before, now);
        if (when <= now) {
            return {action::deploy,
                    now,
                    cause::deployment,
                    fmt::format("version {} is stored and not deployed", state.staged->number),
                    {}};
        }
        coming.at(
            when, cause::deployment,
            fmt::format("retry of the deployment after {}", count_of(state.job.deploy_failures, "failure")));
    }
    if (state.job.revoking) {
        const storage::revocation_wish& wish = *state.job.revoking;
        const wall_time when = std::max(believable(wish.not_before, now),
                                        may_revoke_now(state, now) ? now : wish.asked + replacement_patience);
        if (when <= now) {
            return {action::revoke, now, cause::asked, "its revocation was asked for", wish.issuer};
        }
        coming.at(when, cause::asked, "its revocation was asked for");
    }
    if (const due_reason due = reason_to_order(state, now); due.why != cause::none) {
        issuer_choice choice = choose_issuer(state, now);
        if (choice.when <= now) {
            return {action::order, now, due.why, due.text, choice.issuer};
        }
        coming.at(choice.when, choice.why, fmt::format("{}: {}", choice.reason, due.text));
    } else if (subject_of(state) != nullptr && state.job.renew_at) {
        due_reason planned = planned_renewal(state);
        coming.at(effective_renewal(state), planned.why, std::move(planned.text));
    }
    return std::move(coming).result();
}

} // namespace

std::string_view to_string(cause why) noexcept {
    switch (why) {
    case cause::none:
        return "none";
    case cause::first:
        return "first";
    case cause::configured:
        return "configured";
    case cause::asked:
        return "asked";
    case cause::revoked:
        return "revoked";
    case cause::expired:
        return "expired";
    case cause::renewal_info:
        return "renewal_info";
    case cause::lifetime:
        return "lifetime";
    case cause::retry:
        return "retry";
    case cause::hold:
        return "hold";
    case cause::deployment:
        return "deployment";
    }
    return "none";
}

const version_facts* subject_of(const machine_state& state) {
    return state.staged ? &*state.staged : state.live ? &*state.live : nullptr;
}

wall_time believable(const std::optional<wall_time>& when, wall_time now) {
    if (!when || *when > now + longest_backoff + std::chrono::hours(1)) {
        return now;
    }
    return std::max(*when, now);
}

std::string count_of(unsigned number, std::string_view thing) {
    return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

std::string names_key(const std::vector<identifier>& names) {
    std::vector<std::string_view> values;
    values.reserve(names.size());
    for (const auto& name : names) {
        values.push_back(name.value);
    }
    std::ranges::sort(values);
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
    std::string joined;
    for (const std::string_view value : values) {
        joined.append(joined.empty() ? "" : ",").append(value);
    }
    return joined;
}

bool lists_name(std::string_view key, std::string_view name) noexcept {
    for (std::size_t at = key.find(name); at != key.npos; at = key.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || key[at - 1] == ',') && (end == key.size() || key[end] == ',')) {
            return true;
        }
    }
    return false;
}

bool lists_names(std::string_view key, const std::vector<identifier>& names) {
    constexpr std::size_t few = 8; // of more, sorting once beats looking for each
    std::size_t length = names.empty() ? 0 : names.size() - 1;
    for (const identifier& name : names) {
        length += name.value.size();
    }
    if (names.size() > few || length != key.size()) {
        return key == names_key(names);
    }
    // Of the same length, and nothing in it that is not among the names: then there is nothing else.
    while (!key.empty()) {
        const std::string_view part = key.substr(0, key.find(','));
        if (std::ranges::find(names, part, &identifier::value) == names.end()) {
            return false;
        }
        key.remove_prefix(std::min(key.size(), part.size() + 1));
    }
    return true;
}

std::string intent_of(const managed_certificate& wanted) {
    const issuance_policy& policy = *wanted.policy;
    std::string keys;
    for (const key_type key : policy.keys) {
        keys.append(keys.empty() ? "" : ",").append(to_string(key));
    }
    std::string intent = fmt::format("{}|{}|{}|{}|{}", names_key(wanted.names), join(policy.issuers, ","),
                                     challenges_text(policy), keys, policy.profile);
    if (policy.preflight != preflight_mode::warn) {
        intent.append("|").append(to_string(policy.preflight));
    }
    return intent;
}

next_step resume(machine_state& state, machine_event happened, wall_time now, random_source& random) {
    take_in(state, std::move(happened), now, random);
    return decide(state, now);
}

} // namespace evercert::lifecycle
