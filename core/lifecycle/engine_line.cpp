// Places at issuers, and what their limits leave room for.
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "core/lifecycle/renewal.hpp"
#include "core/lifecycle/spent_orders.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// When an issuer's pause ends, those who waited for it come back spread over this time.
constexpr milliseconds spread_after_pause = std::chrono::minutes(1);
/// Failures of an issuer as a whole after which its pauses make room for the next one.
constexpr unsigned failures_to_give_way = 3;

/// What its order would be to the limits: of several key types the one that costs most.
order_claim claim_of(const machine_state& state, const std::string& issuer, wall_time now) {
    order_claim claim;
    claim.names = state.wanted->names;
    claim.kind = order_kind::ari;
    claim.orders = static_cast<unsigned>(state.wanted->policy->keys.size());
    for (const key_type key : state.wanted->policy->keys) {
        claim.kind = std::min(claim.kind, kind_of_order(state, issuer, key, now));
    }
    return claim;
}

/// Whether all its orders have been made already.
bool only_resumes(const machine_state& state, const std::string& issuer) {
    const auto& orders = state.job.orders;
    return orders.size() == state.wanted->policy->keys.size() &&
           std::ranges::all_of(orders, [&](const storage::order_record& order) {
               return order.issuer == issuer && !order.url.empty();
           });
}

wall_time deadline_of(const awake_entry& awake) {
    const machine_state& machine = awake.machine;
    if (awake.next.why == cause::asked) {
        return wall_time::min();
    }
    return machine.live ? machine.live->not_after() : wall_time::max();
}

} // namespace

std::shared_ptr<rate_ledger> engine_impl::ledger_of(const issuer& settings) {
    known_ledger& known = ledgers_[settings.name];
    if (!known.ledger || known.limits != settings.limits) {
        const auto before =
            std::exchange(known, {settings.limits, std::make_shared<rate_ledger>(settings.limits)});
        if (before.ledger) {
            known.ledger->take_over(*before.ledger, parts_.time.now());
        }
    }
    return known.ledger;
}

std::shared_ptr<issuer_session> engine_impl::session_of(const std::string& name) {
    auto& session = sessions_[name];
    if (!session) {
        const issuer& settings = issuers_.at(name);
        session = std::make_shared<issuer_session>(settings, parts_, ledger_of(settings));
    }
    return session;
}

/// True when the entry may order at the issuer now; else it waits in line, or was told to hold.
bool engine_impl::take_place(const entry_ptr& who, const std::string& issuer_name) {
    auto session = session_of(issuer_name);
    const auto pause = session->paused(); // it may have come while this one waited in line
    if (who->place == session && !pause) {
        return true;
    }
    give_back_place(*who);
    const wall_time now = parts_.time.now();
    if (pause) {
        issuer_hold hold;
        hold.issuer = issuer_name;
        hold.until = now + std::chrono::ceil<milliseconds>(pause->until - parts_.time.steady_now()) +
                     milliseconds(parts_.random.between(0, spread_after_pause.count()));
        hold.reason = fmt::format("issuer {} is paused: {}", issuer_name, pause->reason);
        hold.paused = true;
        hold.give_way = session->failures() >= failures_to_give_way;
        tell(*who, held{std::move(hold)});
        return false;
    }
    waiting_line& line = lines_[issuer_name];
    if (swept_ && !line.first() && session->take_place()) {
        who->place = std::move(session);
        return true;
    }
    const bool counted = !only_resumes(who->awake->machine, issuer_name) &&
                         claim_of(who->awake->machine, issuer_name, now).kind == order_kind::fresh;
    who->phase = state::queued;
    line.put(who, counted, deadline_of(*who->awake));
    return false;
}

void engine_impl::give_back_place(entry& who) {
    if (who.place) {
        const auto session = std::exchange(who.place, nullptr);
        session->leave_place();
        admit(session->settings().name);
    }
}

/// Gives free places to those who wait.
void engine_impl::admit(const std::string& issuer_name) {
    const auto found = lines_.find(issuer_name);
    if (found == lines_.end() || !swept_ || stopping_ || !issuers_.contains(issuer_name)) {
        return;
    }
    waiting_line& line = found->second;
    line.blocked_until.reset();
    const auto session = session_of(issuer_name);
    while (const entry_ptr who = line.first()) {
        if (line.first_is_counted() && !session->paused()) {
            const wall_time now = parts_.time.now();
            const auto limit =
                session->ledger().earliest(claim_of(who->awake->machine, issuer_name, now), now);
            if (limit.when > now && limit.account_wide) {
                line.blocked_until = limit.when;
                return;
            }
        }
        if (!session->take_place()) {
            return;
        }
        line.pop();
        who->phase = state::waiting;
        who->place = session;
        start(who);
    }
}

void engine_impl::admit_due() {
    for (auto& [name, line] : lines_) {
        if (line.blocked_until && *line.blocked_until <= parts_.time.now()) {
            admit(name);
        }
    }
}

std::optional<wall_time> engine_impl::earliest_admission() const {
    std::optional<wall_time> earliest;
    for (const auto& [name, line] : lines_) {
        if (line.blocked_until && (!earliest || *line.blocked_until < *earliest)) {
            earliest = line.blocked_until;
        }
    }
    return earliest;
}

/// What the record says was taken from the limits, and of issuers that were not to be asked.
void engine_impl::restore_limits(const storage::job_record& job) {
    const wall_time now = parts_.time.now();
    for (const storage::issuer_trouble& trouble : job.troubles) {
        if (trouble.issuer_rests_until > now && issuers_.contains(trouble.issuer)) {
            session_of(trouble.issuer)->restore_pause(trouble, now);
        }
    }
    const auto ledger_for = [this](const std::string& name) -> rate_ledger* {
        const auto settings = issuers_.find(name);
        return settings == issuers_.end() ? nullptr : ledger_of(settings->second).get();
    };
    for (const storage::spent_order_record& spent : job.spent) {
        if (rate_ledger* ledger = ledger_for(spent.issuer)) {
            ledger->restore(from_record(spent), now);
        }
    }
    for (const storage::failed_validation_record& failed : job.failed_validations) {
        rate_ledger* ledger = ledger_for(failed.issuer);
        if (ledger == nullptr) {
            continue;
        }
        ledger->restore(failed_validation{failed.when, failed.name}, now);
        const storage::issuer_trouble* trouble = job.trouble_at(failed.issuer);
        if (&failed == &job.failed_validations.back() && trouble != nullptr) {
            ledger->restore_consecutive(failed.name, trouble->failures, trouble->last_failure, now);
        }
    }
}

/// What the outcome of an order means for its issuer's limits; to be told before the machine.
void engine_impl::note_limits(entry& who, const machine_event& outcome) {
    const auto* failure = std::get_if<order_failed>(&outcome);
    if (failure == nullptr || !issuers_.contains(failure->issuer)) {
        return;
    }
    rate_ledger& ledger = *ledger_of(issuers_.at(failure->issuer));
    const wall_time now = parts_.time.now();
    if (failure->failed_validation) {
        ledger.fail_validation(*failure->failed_validation, now);
    }
    const auto* spent =
        failure->unissued ? spent_for(who.awake->machine.job, failure->issuer, failure->key) : nullptr;
    if (spent != nullptr) {
        ledger.give_back(from_record(*spent), now);
    }
    if (failure->limited) {
        ledger.refused(claim_of(who.awake->machine, failure->issuer, now), failure->limited_until, now);
    }
}

} // namespace evercert::lifecycle
