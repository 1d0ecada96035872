#include "core/lifecycle/machine_events.hpp"

#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/due.hpp"
#include "core/lifecycle/renewal.hpp"
#include "core/lifecycle/spent_orders.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr auto asked_by_operator = "asked for by an operator";
constexpr std::size_t most_spent = 100;
constexpr std::size_t most_failed_validations = 100;
constexpr std::size_t most_revoked = 32;

template <class T>
void keep_newest(std::vector<T>& list, std::size_t most) {
    if (list.size() > most) {
        list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(most));
    }
}

void remember(std::vector<std::string>& list, const std::string& text) {
    if (!text.empty() && std::ranges::find(list, text) == list.end()) {
        list.push_back(text);
        keep_newest(list, most_revoked);
    }
}

void draw_renewal(machine_state& state, random_source& random) {
    storage::job_record& job = state.job;
    const version_facts* subject = subject_of(state);
    if (subject == nullptr) {
        job.renew_for.clear();
        job.renew_at.reset();
        job.renewal_info.clear();
        return;
    }
    const wall_time from = subject->not_before();
    const wall_time to = subject->not_after();
    const bool drawn = job.renew_for == subject->first().fingerprint && job.renew_at;
    const bool possible = drawn && *job.renew_at >= from && *job.renew_at <= to;
    if (!possible) {
        job.renew_for = subject->first().fingerprint;
        job.renew_at = pick(window_of(from, to), random);
    }
    std::erase_if(job.renewal_info, [&](const storage::renewal_info_record& known) {
        return std::ranges::find(subject->leaves, known.fingerprint, &leaf_facts::fingerprint) ==
               subject->leaves.end();
    });
}

storage::order_record* order_for(storage::job_record& job, key_type key) {
    const auto at = std::ranges::find(job.orders, key, &storage::order_record::key);
    return at == job.orders.end() ? nullptr : &*at;
}

void lift_waits(storage::job_record& job) {
    for (storage::issuer_trouble& trouble : job.troubles) {
        trouble.not_before = wall_time{};
    }
}

class taker {
public:
    taker(machine_state& state, wall_time now, random_source& random)
        : state_(state), now_(now), random_(random) {}

    void operator()(looked& seen);
    void operator()(const woken&) {
        std::erase_if(state_.holds, [this](const issuer_hold& hold) { return hold.until <= now_; });
    }
    void operator()(const reconfigured& change);
    void operator()(const clock_set_back& change);
    void operator()(const renewal_asked& wish) {
        job().renew_reason = asked_by_operator;
        if (wish.at_once) {
            lift_waits(job());
            state_.holds.clear();
        }
    }
    void operator()(const deployment_asked&) {
        job().deploy_not_before.reset();
        deploy_live_again();
    }
    void operator()(const order_begun& begun);
    void operator()(const order_accepted& order) {
        if (auto* known = order_for(job(), order.key)) {
            known->url = order.url;
            if (order.spent) {
                known->spent = order.spent->when;
                note_spent(known->issuer, *order.spent);
            }
        }
    }
    void operator()(issued& fresh);
    void operator()(const order_failed& failure);
    void operator()(const held& waits) {
        std::erase_if(state_.holds,
                      [&](const issuer_hold& hold) { return hold.issuer == waits.hold.issuer; });
        state_.holds.push_back(waits.hold);
    }
    void operator()(const made_live&) {
        if (state_.staged) {
            state_.staged->just_staged = false;
        }
        state_.live = state_.staged;
    }
    void operator()(const deployed&);
    void operator()(const deployment_failed& failure);
    void operator()(const revocation_asked& wish);
    void operator()(const revoked& leaf);
    void operator()(const revocation_failed& failure);
    void operator()(const renewal_info_seen& seen);

private:
    storage::job_record& job() { return state_.job; }
    void note_spent(const std::string& issuer, const spent_order& spent) {
        job().spent.push_back(to_record(issuer, spent));
        keep_newest(job().spent, most_spent);
    }
    void deploy_live_again() {
        if (!state_.staged && state_.live) {
            state_.staged = state_.live;
            job().deploying = state_.live->number;
        }
    }

    machine_state& state_;
    wall_time now_;
    random_source& random_;
};

void taker::operator()(looked& seen) {
    state_.looked = true;
    state_.live = std::move(seen.live);
    state_.staged = std::move(seen.staged);
    job() = std::move(seen.job).value_or(storage::job_record{});
    if (state_.staged) {
        const leaf_facts& first = state_.staged->first();
        const bool is_served = state_.live && state_.live->number == state_.staged->number &&
                               first.fingerprint == job().deployed;
        const bool is_revoked = std::ranges::any_of(state_.staged->leaves, [this](const leaf_facts& leaf) {
            return job().is_revoked(leaf.fingerprint);
        });
        if (is_served || is_revoked) {
            state_.staged.reset();
        }
    }
    if (!state_.staged && state_.live && state_.wanted->policy->has_deployments() &&
        job().deployed != state_.live->first().fingerprint) {
        state_.staged = state_.live; // live, but a crash may have come before the servers were reloaded
    }
    job().deploying = state_.staged ? state_.staged->number : 0;
    if (const version_facts* subject = subject_of(state_);
        subject != nullptr && orders_are_done(job(), *subject)) {
        job().issuer = job().orders.front().issuer;
        job().profile = state_.wanted->policy->profile;
        job().orders.clear();
        job().troubles.clear();
        job().renew_reason.clear(); // what was asked for is there
    }
    if (!job().attempted.empty() && job().attempted != intent_of(*state_.wanted)) {
        lift_waits(job()); // the configuration was changed while we were not running
    }
}

void taker::operator()(const reconfigured& change) {
    const issuance_policy& policy = *change.wanted->policy;
    const bool elsewhere =
        policy.has_deployments() && (change.elsewhere || !policy.deploys_like(*state_.wanted->policy));
    state_.wanted = change.wanted;
    if (elsewhere) {
        deploy_live_again();
    }
    lift_waits(job());
    state_.holds.clear();
    job().deploy_not_before.reset();
}

void taker::operator()(const clock_set_back& change) {
    for (storage::issuer_trouble& trouble : job().troubles) {
        trouble.not_before -= change.by;
    }
    for (issuer_hold& hold : state_.holds) {
        hold.until -= change.by;
    }
    if (job().deploy_not_before) {
        *job().deploy_not_before -= change.by;
    }
}

void taker::operator()(const order_begun& begun) {
    std::erase_if(job().orders,
                  [&](const storage::order_record& known) { return known.key == begun.order.key; });
    job().orders.push_back(begun.order);
    job().spent = begun.still_counted;
    if (begun.spent) {
        note_spent(begun.order.issuer, *begun.spent);
    }
}

void taker::operator()(issued& fresh) {
    const version_facts* before = subject_of(state_);
    const bool young =
        before != nullptr && now_ < before->not_before() + (before->not_after() - before->not_before()) / 3;
    const bool forced = young && job().renew_reason.empty() && !job().renewal_info.empty();
    job().early_renewals = forced ? std::min(job().early_renewals + 1, 1000U) : 0;
    job().issuer = fresh.issuer;
    job().profile = fresh.profile;
    job().orders.clear();
    job().troubles.clear();
    job().attempted.clear();
    job().renew_reason.clear();
    job().deploy_failures = 0;
    job().deploy_not_before.reset();
    job().deploy_problem.clear();
    job().deploying = fresh.version.number;
    state_.staged = std::move(fresh.version);
    if (fresh.live) {
        state_.live = state_.staged;
        state_.live->just_staged = false;
    }
    state_.holds.clear();
    draw_renewal(state_, random_);
    // A CA that dates certificates back further than half their life must not make us renew in a circle.
    const wall_time earliest = now_ + (state_.staged->not_after() - now_) / 3;
    if (*job().renew_at < earliest) {
        renewal_window late = window_of(state_.staged->not_before(), state_.staged->not_after());
        late.closes += earliest - late.opens;
        late.opens = earliest;
        job().renew_at = pick(late, random_);
    }
}

void taker::operator()(const order_failed& failure) {
    if (auto* spent = failure.unissued ? spent_for(job(), failure.issuer, failure.key) : nullptr) {
        spent->set.clear();
        spent->domains.clear();
    }
    if (failure.order_lost) {
        std::erase_if(job().orders,
                      [&](const storage::order_record& known) { return known.key == failure.key; });
    }
    auto at = std::ranges::find(job().troubles, failure.issuer, &storage::issuer_trouble::issuer);
    if (at == job().troubles.end()) {
        storage::issuer_trouble fresh;
        fresh.issuer = failure.issuer;
        fresh.first_failure = now_;
        at = job().troubles.insert(at, std::move(fresh));
    }
    const bool waits = failure.slow && !failure.order_lost;
    if (waits && at->problem_class != slow_class) {
        at->first_failure = now_; // patience is for this wait, not for what went before
    }
    at->failures = waits ? std::max(at->failures, 1U) : std::min(at->failures + 1, 1'000'000U);
    at->last_failure = now_;
    at->problem_class = waits ? slow_class : to_string(failure.judged.kind);
    at->problem = failure.text;
    at->issuer_rests_until = failure.issuer_rests_until;
    at->not_before =
        now_ + (waits ? slow_pace(now_ - at->first_failure, failure.judged.at_least)
                      : backoff(at->failures, failure.judged.kind, failure.judged.at_least, random_));
    job().attempted = intent_of(*state_.wanted);
    if (failure.failed_validation) {
        auto& all = job().failed_validations;
        std::erase_if(all, [this](const auto& one) { return one.when < now_ - days(1); });
        all.push_back({failure.issuer, now_, *failure.failed_validation});
        keep_newest(all, most_failed_validations);
    }
}

void taker::operator()(const deployed&) {
    if (state_.staged) {
        job().deployed = state_.staged->first().fingerprint;
    }
    state_.staged.reset();
    job().deploying = 0;
    job().deploy_failures = 0;
    job().deploy_not_before.reset();
    job().deploy_problem.clear();
    job().last_success = now_;
}

void taker::operator()(const deployment_failed& failure) {
    if (state_.staged) {
        state_.staged->just_staged = false;
    }
    if (failure.back_to) {
        state_.live = failure.back_to;
    }
    job().deploy_failures = std::min(job().deploy_failures + 1, 1'000'000U);
    job().deploy_not_before =
        now_ + backoff(job().deploy_failures, problem_class::later, milliseconds(0), random_);
    job().deploy_problem = failure.text;
}

void taker::operator()(const revocation_asked& wish) {
    if (!state_.live) {
        return;
    }
    storage::revocation_wish asked;
    asked.fingerprint = state_.live->first().fingerprint;
    asked.version = state_.live->number;
    asked.issuer = job().issuer.empty() ? state_.wanted->policy->issuers.front() : job().issuer;
    asked.reason = wish.reason;
    asked.asked = now_;
    asked.not_before = now_;
    job().revoking = std::move(asked);
    // Whoever revokes does not want the key back; a CA may bar it for good.
    for (const leaf_facts& leaf : state_.live->leaves) {
        remember(job().barred_keys, leaf.key_digest);
    }
    lift_waits(job());
}

void taker::operator()(const revoked& leaf) {
    remember(job().revoked, leaf.fingerprint);
    if (job().revoking && job().revoking->fingerprint == leaf.fingerprint) {
        job().revoking.reset();
    }
    lift_waits(job());
    for (const auto* version : {&state_.live, &state_.staged}) {
        if (*version) {
            const auto at = std::ranges::find((*version)->leaves, leaf.fingerprint, &leaf_facts::fingerprint);
            if (at != (*version)->leaves.end()) {
                remember(job().barred_keys, at->key_digest);
            }
        }
    }
    if (state_.staged && std::ranges::find(state_.staged->leaves, leaf.fingerprint,
                                           &leaf_facts::fingerprint) != state_.staged->leaves.end()) {
        state_.staged.reset();
        job().deploying = 0;
    }
}

void taker::operator()(const revocation_failed& failure) {
    if (!job().revoking || job().revoking->fingerprint != failure.fingerprint) {
        return;
    }
    if (failure.for_good) {
        job().revoking.reset();
        return;
    }
    storage::revocation_wish& wish = *job().revoking;
    wish.failures = std::min(wish.failures + 1, 1'000'000U);
    wish.not_before = now_ + backoff(wish.failures, problem_class::later, milliseconds(0), random_);
}

void taker::operator()(const renewal_info_seen& seen) {
    const version_facts* subject = subject_of(state_);
    if (subject == nullptr || seen.end <= seen.start ||
        std::ranges::find(subject->leaves, seen.fingerprint, &leaf_facts::fingerprint) ==
            subject->leaves.end()) {
        return;
    }
    auto& all = job().renewal_info;
    auto at = std::ranges::find(all, seen.fingerprint, &storage::renewal_info_record::fingerprint);
    if (at == all.end()) {
        at = all.insert(at, storage::renewal_info_record{});
        at->fingerprint = seen.fingerprint;
    }
    // Drawn once for a window: drawing again at each look would favour early moments.
    if (at->start != seen.start || at->end != seen.end) {
        at->start = seen.start;
        at->end = seen.end;
        at->moment = seen.start + milliseconds(random_.between(0, (seen.end - seen.start).count()));
    }
    at->explanation_url = seen.explanation_url;
}

} // namespace

bool orders_are_done(const storage::job_record& job, const version_facts& subject) {
    return !job.orders.empty() && std::ranges::all_of(job.orders, [&](const storage::order_record& order) {
        return subject.number > order.after &&
               std::ranges::find(subject.leaves, order.key_digest, &leaf_facts::key_digest) !=
                   subject.leaves.end();
    });
}

void take_in(machine_state& state, machine_event happened, wall_time now, random_source& random) {
    std::visit(taker{state, now, random}, happened);
    if (state.looked) {
        draw_renewal(state, random);
    }
}

} // namespace evercert::lifecycle
