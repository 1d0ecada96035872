#include "core/lifecycle/machine.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/due.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

using std::chrono::hours;

constexpr auto asked_by_operator = "asked for by an operator";

/// A remembered moment, unless the clock that made it was wrong: nothing we schedule lies further ahead than
/// this.
wall_time believable(const std::optional<wall_time>& when, wall_time now) {
    if (!when || *when > now + longest_backoff + hours(1)) {
        return now;
    }
    return std::max(*when, now);
}

void forget_order(storage::job_record& job) {
    job.order_issuer.clear();
    job.order_url.clear();
    job.order_names.clear();
    job.order_key.clear();
}

void forgive(storage::job_record& job) {
    job.failures = 0;
    job.first_failure.reset();
    job.last_failure.reset();
    job.not_before.reset();
    job.attempted.clear();
    job.problem_class.clear();
    job.problem.clear();
}

/// The version that counts: what is on its way to be live, else what is live.
const version_facts* subject_of(const machine_state& state) {
    return state.staged ? &*state.staged : state.live ? &*state.live : nullptr;
}

void draw_renewal(machine_state& state, random_source& random) {
    const version_facts* subject = subject_of(state);
    if (subject == nullptr) {
        state.job.renew_for.clear();
        state.job.renew_at.reset();
        return;
    }
    const bool drawn = state.job.renew_for == subject->fingerprint && state.job.renew_at;
    const bool possible =
        drawn && *state.job.renew_at >= subject->not_before && *state.job.renew_at <= subject->not_after;
    if (!possible) {
        state.job.renew_for = subject->fingerprint;
        state.job.renew_at = pick(window_of(subject->not_before, subject->not_after), random);
    }
}

/// Why a new certificate is wanted at `now`, or empty.
std::string reason_to_order(const machine_state& state, wall_time now) {
    const version_facts* subject = subject_of(state);
    if (subject == nullptr) {
        return "there is no certificate yet";
    }
    if (subject->names != names_key(state.wanted.names)) {
        return "its names were changed in the configuration";
    }
    if (subject->key != state.wanted.key) {
        return "its key type was changed in the configuration";
    }
    if (!state.job.issuer.empty() && state.job.issuer != state.wanted.issuer) {
        return "its issuer was changed in the configuration";
    }
    if (state.job.revoked == subject->fingerprint) {
        return "the certificate was revoked";
    }
    if (!state.job.renew_reason.empty()) {
        return "renewal " + state.job.renew_reason;
    }
    if (now >= subject->not_after) {
        return "the certificate has expired";
    }
    if (state.job.renew_at && now >= *state.job.renew_at) {
        return "renewal " + window_of(subject->not_before, subject->not_after).reason;
    }
    return {};
}

next_step decide(const machine_state& state, wall_time now) {
    if (!state.looked) {
        return {action::look, now, "its files have not been looked at"};
    }
    next_step wait{action::wait, wall_time::max(), {}};
    auto or_at = [&](wall_time when, std::string why) {
        if (when < wait.when) {
            wait.when = when;
            wait.reason = std::move(why);
        }
    };
    if (state.staged) {
        const wall_time when = believable(state.job.deploy_not_before, now);
        if (when <= now) {
            return {action::deploy, now,
                    fmt::format("version {} is stored and not deployed", state.staged->number)};
        }
        or_at(when, fmt::format("retry of the deployment after {} failure{}", state.job.deploy_failures,
                                state.job.deploy_failures == 1 ? "" : "s"));
    }
    if (const std::string reason = reason_to_order(state, now); !reason.empty()) {
        const wall_time when = believable(state.job.not_before, now);
        if (when <= now) {
            return {action::order, now, reason};
        }
        or_at(when, fmt::format("retry after {} failure{}: {}", state.job.failures,
                                state.job.failures == 1 ? "" : "s", reason));
    } else if (const version_facts* subject = subject_of(state); subject != nullptr && state.job.renew_at) {
        or_at(std::min(*state.job.renew_at, subject->not_after),
              "renewal " + window_of(subject->not_before, subject->not_after).reason);
    }
    return wait;
}

struct apply {
    machine_state& state;
    wall_time now;
    random_source& random;

    void operator()(const looked& seen) const {
        state.looked = true;
        state.live = seen.live;
        state.staged = seen.staged;
        storage::job_record& job = state.job;
        job = seen.job.value_or(storage::job_record{});
        if (state.staged && (state.staged->fingerprint == job.revoked ||
                             (state.live && state.staged->fingerprint == job.deployed))) {
            state.staged.reset();
        }
        if (!state.staged && state.live && !state.wanted.deploy.empty() &&
            job.deployed != state.live->fingerprint) {
            state.staged = state.live; // live, but a crash may have come before the servers were reloaded
        }
        job.deploying = state.staged ? state.staged->number : 0;
        // The files decide: an order whose key is on disk with a leaf is done, whatever the record says.
        const version_facts* subject = subject_of(state);
        if (!job.order_key.empty() && subject != nullptr && subject->key_digest == job.order_key) {
            job.issuer = job.order_issuer;
            forget_order(job);
            forgive(job);
        }
        if (job.not_before && job.attempted != intent_of(state.wanted)) {
            job.not_before.reset(); // the configuration was changed while we were not running
        }
    }
    void operator()(const woken&) const {}
    void operator()(const reconfigured& change) const {
        const bool elsewhere = !change.wanted.deploy.empty() && change.wanted.deploy != state.wanted.deploy;
        state.wanted = change.wanted;
        if (elsewhere && !state.staged && state.live) {
            state.staged = state.live;
            state.job.deploying = state.live->number;
        }
        state.job.not_before.reset();
        state.job.deploy_not_before.reset();
    }
    void operator()(const renewal_asked& wish) const {
        state.job.renew_reason = asked_by_operator;
        if (wish.at_once) {
            state.job.not_before.reset();
        }
    }
    void operator()(const deployment_asked&) const {
        state.job.deploy_not_before.reset();
        if (!state.staged && state.live) {
            state.staged = state.live;
            state.job.deploying = state.live->number;
        }
    }
    void operator()(const order_begun& order) const {
        state.job.order_issuer = state.wanted.issuer;
        state.job.order_names = names_key(state.wanted.names);
        if (state.job.order_key != order.key_digest) {
            state.job.order_url.clear(); // the order's CSR is bound to its key
            state.job.order_key = order.key_digest;
        }
    }
    void operator()(const order_accepted& order) const { state.job.order_url = order.url; }
    void operator()(const issued& fresh) const {
        state.job.issuer = state.job.order_issuer;
        forget_order(state.job);
        forgive(state.job);
        state.job.renew_reason.clear();
        state.job.deploy_failures = 0;
        state.job.deploy_not_before.reset();
        state.job.deploy_problem.clear();
        state.job.deploying = fresh.version.number;
        state.staged = fresh.version;
        draw_renewal(state, random);
        // A CA that dates certificates back further than half their life must not make us renew in a circle.
        const wall_time earliest = now + (fresh.version.not_after - now) / 3;
        state.job.renew_at = std::max(*state.job.renew_at, earliest);
    }
    void operator()(const order_failed& failure) const {
        storage::job_record& job = state.job;
        if (failure.order_lost) {
            forget_order(job);
        }
        job.failures = std::min(job.failures + 1, 1'000'000U);
        if (!job.first_failure) {
            job.first_failure = now;
        }
        job.last_failure = now;
        job.attempted = intent_of(state.wanted);
        job.problem_class = to_string(failure.judged.kind);
        job.problem = failure.text;
        job.not_before = now + backoff(job.failures, failure.judged.kind, failure.judged.at_least, random);
    }
    void operator()(const made_live&) const {
        if (state.staged) {
            state.staged->just_staged = false;
        }
        state.live = state.staged;
    }
    void operator()(const deployed&) const {
        storage::job_record& job = state.job;
        if (state.staged) {
            job.deployed = state.staged->fingerprint;
        }
        state.staged.reset();
        job.deploying = 0;
        job.deploy_failures = 0;
        job.deploy_not_before.reset();
        job.deploy_problem.clear();
        job.last_success = now;
    }
    void operator()(const deployment_failed& failure) const {
        storage::job_record& job = state.job;
        if (state.staged) {
            state.staged->just_staged = false;
        }
        if (failure.back_to) {
            state.live = failure.back_to;
        }
        job.deploy_failures = std::min(job.deploy_failures + 1, 1'000'000U);
        job.deploy_not_before =
            now + backoff(job.deploy_failures, problem_class::later, milliseconds(0), random);
        job.deploy_problem = failure.text;
    }
    void operator()(const revoked& leaf) const {
        state.job.revoked = leaf.fingerprint;
        state.job.not_before.reset();
        if (state.staged && state.staged->fingerprint == leaf.fingerprint) {
            state.staged.reset();
            state.job.deploying = 0;
        }
    }
};

} // namespace

std::string names_key(std::vector<identifier> names) {
    std::vector<std::string> values;
    values.reserve(names.size());
    for (auto& name : names) {
        values.push_back(std::move(name.value));
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return join(values, ",");
}

std::string intent_of(const managed_certificate& wanted) {
    return fmt::format("{}|{}|{}|{}", names_key(wanted.names), wanted.issuer, wanted.challenge,
                       to_string(wanted.key));
}

next_step resume(machine_state& state, const machine_event& happened, wall_time now, random_source& random) {
    std::visit(apply{state, now, random}, happened);
    if (state.looked) {
        draw_renewal(state, random);
    }
    return decide(state, now);
}

} // namespace evercert::lifecycle
