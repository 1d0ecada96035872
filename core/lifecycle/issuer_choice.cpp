#include "core/lifecycle/issuer_choice.hpp"

#include "core/lifecycle/due.hpp"
#include "core/lifecycle/machine_events.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// Tries at an issuer before the next is asked, while there is time.
constexpr unsigned patient_tries = 3;
/// The same when time presses, and when besides an order stands there, which may have cost a certificate.
constexpr unsigned hasty_tries = 1;
constexpr unsigned hasty_tries_for_order = 3;
/// How long a CA may work on an order.
constexpr milliseconds slow_patience = std::chrono::hours(24);
constexpr milliseconds slow_patience_pressed = std::chrono::hours(2);

/// Until the end of an issuer's pause, an order that stands there is waited for so long when time presses.
constexpr milliseconds short_pause = std::chrono::minutes(15);

/// Whether servers still have a certificate that will do for a good while.
bool time_presses(const machine_state& state, wall_time now) {
    if (!state.live || now >= state.live->not_after()) {
        return true;
    }
    const bool revoked = std::ranges::any_of(
        state.live->leaves, [&](const leaf_facts& leaf) { return state.job.is_revoked(leaf.fingerprint); });
    return revoked || now >= latest_renewal(state.live->not_before(), state.live->not_after());
}

/// Whether the next issuer is tried while this one is not to be asked. Limits are waited for, unless the
/// certificate would not live to see the day.
bool gives_way(const issuer_hold& hold, const machine_state& state, bool presses) {
    if (hold.give_way) {
        return true;
    }
    return hold.paused ? presses : state.live && hold.until >= state.live->not_after();
}

/// The same for an order that stands there: a pause that ends soon is sat out.
bool leaves_its_order(const issuer_hold& hold, const machine_state& state, bool presses, wall_time now) {
    const bool soon = hold.paused && !hold.give_way && hold.until - now <= short_pause;
    return !soon && gives_way(hold, state, presses);
}

/// Whether enough was tried at an issuer for the next one to have a turn.
bool is_exhausted(const storage::issuer_trouble& trouble, const storage::job_record& job, bool presses,
                  wall_time now) {
    if (trouble.problem_class == slow_class) {
        // Its order stands. Leaving it for another issuer's costs more than waiting, while there is time.
        const milliseconds patience = presses ? slow_patience_pressed : slow_patience;
        return now - trouble.first_failure > patience;
    }
    const bool hopeless = trouble.problem_class != to_string(problem_class::later) &&
                          trouble.problem_class != to_string(problem_class::now);
    const bool stands = std::ranges::any_of(job.orders, [&](const storage::order_record& order) {
        return order.issuer == trouble.issuer && !order.url.empty();
    });
    const unsigned tries = !presses ? patient_tries : stands ? hasty_tries_for_order : hasty_tries;
    return hopeless || trouble.failures >= tries;
}

/// No later than the moment at which time begins to press: then another issuer may have its turn.
wall_time not_after_pressing(wall_time when, const machine_state& state, bool presses) {
    if (presses || !state.live || state.wanted->policy->issuers.size() < 2) {
        return when;
    }
    return std::min(when, latest_renewal(state.live->not_before(), state.live->not_after()));
}

const issuer_hold* hold_at(const machine_state& state, const std::string& issuer) {
    const auto at = std::ranges::find(state.holds, issuer, &issuer_hold::issuer);
    return at == state.holds.end() ? nullptr : &*at;
}

} // namespace

issuer_choice choose_issuer(const machine_state& state, wall_time now) {
    const bool presses = time_presses(state, now);
    for (const storage::order_record& order : state.job.orders) {
        // An order that stands is not left for another issuer's while there is hope for it: it may have cost
        // a certificate already.
        const auto* trouble = state.job.trouble_at(order.issuer);
        const auto* hold = hold_at(state, order.issuer);
        const auto& issuers = state.wanted->policy->issuers;
        const bool hopeless = (trouble != nullptr && is_exhausted(*trouble, state.job, presses, now)) ||
                              (hold != nullptr && leaves_its_order(*hold, state, presses, now));
        if (order.url.empty() || hopeless || std::ranges::find(issuers, order.issuer) == issuers.end()) {
            continue;
        }
        const wall_time after_failure = trouble != nullptr ? believable(trouble->not_before, now) : now;
        const wall_time after_hold = hold != nullptr ? believable(hold->until, now) : now;
        const wall_time when = std::max(after_failure, after_hold);
        return {order.issuer, when > now ? not_after_pressing(when, state, presses) : now, cause::retry,
                fmt::format("its order at {} is looked at again", order.issuer)};
    }
    issuer_choice waiting{{}, wall_time::max(), cause::none, {}};
    for (const std::string& issuer : state.wanted->policy->issuers) {
        const auto* trouble = state.job.trouble_at(issuer);
        const auto* hold = hold_at(state, issuer);
        const wall_time after_failure = trouble != nullptr ? believable(trouble->not_before, now) : now;
        const wall_time after_hold = hold != nullptr ? believable(hold->until, now) : now;
        const wall_time when = std::max(after_failure, after_hold);
        if (when <= now) {
            return {issuer, now, cause::none, {}};
        }
        if (when < waiting.when) {
            const bool by_hold = after_hold >= after_failure;
            waiting = {issuer, when, by_hold ? cause::hold : cause::retry,
                       by_hold ? hold->reason
                               : fmt::format("retry at {} after {}", issuer,
                                             count_of(trouble->failures, "failure"))};
        }
        const bool exhausted = trouble != nullptr && is_exhausted(*trouble, state.job, presses, now);
        if (!exhausted && !(hold != nullptr && after_hold > now && gives_way(*hold, state, presses))) {
            break;
        }
    }
    waiting.when = not_after_pressing(waiting.when, state, presses);
    return waiting;
}

} // namespace evercert::lifecycle
