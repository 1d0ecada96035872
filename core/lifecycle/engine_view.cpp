// What is seen from outside.
#include "core/base/text.hpp"
#include "core/lifecycle/due.hpp"
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "core/lifecycle/renewal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace evercert::lifecycle {
namespace {

/// What the settings alone say.
certificate_status configured(const managed_certificate& wanted, const vault& files) {
    const issuance_policy& policy = *wanted.policy;
    certificate_status shown;
    shown.name = wanted.name;
    for (const identifier& name : wanted.names) {
        shown.names.push_back(name.value);
    }
    shown.issuer = policy.issuers.empty() ? std::string() : policy.issuers.front();
    shown.issuers = policy.issuers;
    shown.challenge = challenges_text(policy);
    for (const key_type key : policy.keys) {
        shown.keys.emplace_back(evercert::to_string(key));
    }
    shown.profile = policy.profile;
    shown.reuse_key = policy.reuse_key;
    for (const certificate_output& output : policy.outputs) {
        shown.outputs.push_back(output);
        shown.outputs.back().directory = directory_of(output, wanted.name);
    }
    shown.deploy = policy.deploy;
    shown.directory = files.live_directory(wanted.name);
    return shown;
}

live_certificate shown_leaf(const leaf_facts& leaf, unsigned version, bool is_revoked) {
    return live_certificate{.version = version,
                            .key = leaf.key,
                            .serial = leaf.serial,
                            .fingerprint = leaf.fingerprint,
                            .issuer = leaf.issuer_name,
                            .not_before = leaf.not_before,
                            .not_after = leaf.not_after,
                            .revoked = is_revoked};
}

live_certificate shown_leaf(const resting_leaf& leaf, unsigned version) {
    return live_certificate{.version = version,
                            .key = leaf.key,
                            .serial = leaf.serial.hex(),
                            .fingerprint = leaf.fingerprint_hex(),
                            .issuer = *leaf.issuer_name,
                            .not_before = leaf.not_before,
                            .not_after = leaf.not_after,
                            .revoked = false};
}

std::string reason_at_rest(const resting_facts& rest) {
    if (rest.why == cause::renewal_info && rest.first.has_window()) {
        return window_reason(rest.due, rest.first.window_start, rest.first.window_end);
    }
    return "renewal " + window_in_words(rest.first.not_before, rest.first.not_after);
}

void add_troubles(certificate_status& shown, const machine_state& machine) {
    const auto at = [&shown](const std::string& issuer) -> issuer_state& {
        const auto known = std::ranges::find(shown.at, issuer, &issuer_state::name);
        if (known != shown.at.end()) {
            return *known;
        }
        issuer_state fresh;
        fresh.name = issuer;
        return shown.at.emplace_back(std::move(fresh));
    };
    for (const storage::issuer_trouble& trouble : machine.job.troubles) {
        issuer_state& one = at(trouble.issuer);
        one.failures = trouble.failures;
        one.problem_class = trouble.problem_class;
        one.problem = trouble.problem;
        one.first_failure = trouble.first_failure;
        one.last_failure = trouble.last_failure;
        one.not_before = trouble.not_before;
    }
    for (const issuer_hold& hold : machine.holds) {
        issuer_state& one = at(hold.issuer);
        one.held_because = hold.reason;
        one.not_before = std::max(one.not_before.value_or(wall_time{}), hold.until);
    }
}

void add_problem(certificate_status& shown, const machine_state& machine) {
    shown.failures = machine.job.failures();
    if (const storage::issuer_trouble* latest = machine.job.latest_trouble()) {
        shown.problem_class = latest->problem_class;
        shown.problem = latest->problem;
        shown.last_failure = latest->last_failure;
    } else if (!machine.holds.empty()) {
        shown.problem = machine.holds.front().reason;
    }
}

} // namespace

error no_such_certificate(std::string_view name) {
    return {errc::not_found, fmt::format("there is no managed certificate called {}", escape(name, 100))};
}

error no_such_issuer(std::string_view name) {
    return {errc::not_found, fmt::format("there is no issuer called {}", escape(name, 100))};
}

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

certificate_status status_of(const machine_state& machine, const next_step& next, state phase,
                             const vault& files) {
    const storage::job_record& job = machine.job;
    certificate_status shown = configured(*machine.wanted, files);
    shown.where = phase;
    if (!job.issuer.empty()) {
        shown.issuer = job.issuer;
    }
    if (machine.live) {
        for (const leaf_facts& leaf : machine.live->leaves) {
            live_certificate one = shown_leaf(leaf, machine.live->number, job.is_revoked(leaf.fingerprint));
            if (!shown.live) {
                shown.live = std::move(one);
            } else {
                shown.other_keys.push_back(std::move(one));
            }
        }
        const auto window = std::ranges::find(job.renewal_info, machine.live->first().fingerprint,
                                              &storage::renewal_info_record::fingerprint);
        if (window != job.renewal_info.end()) {
            shown.window =
                renewal_window_state{window->start, window->end, window->moment, window->explanation_url};
        }
    }
    if ((phase == state::waiting || phase == state::failing) && next.when != wall_time::max()) {
        shown.next_run = next.when;
    }
    shown.next_cause = next.why;
    shown.next_reason = next.reason;
    add_problem(shown, machine);
    add_troubles(shown, machine);
    shown.last_success = job.last_success;
    shown.deployed =
        machine.live && !machine.staged &&
        (!machine.wanted->policy->has_deployments() || job.deployed == machine.live->first().fingerprint);
    shown.deploy_failures = job.deploy_failures;
    shown.deploy_problem = job.deploy_problem;
    for (const storage::order_record& order : job.orders) {
        if (!order.url.empty()) {
            shown.order_url = order.url;
        }
    }
    shown.revoking = job.revoking.has_value();
    return shown;
}

certificate_status status_of(const entry& what, const vault& files) {
    if (what.awake) {
        return status_of(what.awake->machine, what.awake->next, what.phase, files);
    }
    certificate_status shown = configured(*what.wanted, files);
    shown.where = what.phase;
    if (what.unreadable != nullptr) {
        shown.problem = *what.unreadable;
        shown.next_run = what.next_check;
    }
    if (what.rest) {
        const resting_facts& rest = *what.rest;
        if (!rest.issuer->empty()) {
            shown.issuer = *rest.issuer;
        }
        shown.live = shown_leaf(rest.first, rest.version);
        for (const resting_leaf& leaf : rest.others) {
            shown.other_keys.push_back(shown_leaf(leaf, rest.version));
        }
        shown.next_run = next_of(rest);
        shown.next_cause = rest.why;
        shown.next_reason = reason_at_rest(rest);
        shown.last_success = rest.last_success;
        shown.deployed = rest.deployed;
    }
    return shown;
}

std::vector<certificate_status> engine_impl::list(std::string_view after, std::size_t most) const {
    std::vector<certificate_status> some;
    for (auto next = entries_.upper_bound(after); next != entries_.end() && some.size() < most; ++next) {
        some.push_back(status_of(*next->second, parts_.files));
    }
    return some;
}

std::map<state, std::size_t> engine_impl::count() const {
    std::map<state, std::size_t> counts;
    for (const state each : all_states) {
        counts[each] = 0;
    }
    for (const auto& [name, who] : entries_) {
        ++counts[who->phase];
    }
    return counts;
}

bool engine_impl::all_well() const {
    return std::ranges::all_of(entries_, [this](const auto& named) {
        const certificate_status one = status_of(*named.second, parts_.files);
        return one.where == state::waiting && one.live && one.failures == 0 && one.deploy_failures == 0;
    });
}

std::optional<certificate_status> engine_impl::show(std::string_view name) const {
    const entry_ptr who = find(name);
    return who ? std::optional(status_of(*who, parts_.files)) : std::nullopt;
}

awaitable<result<certificate_status>> engine_impl::examine(std::string name) {
    const entry_ptr who = find(name);
    if (!who) {
        co_return fail(no_such_certificate(name));
    }
    const auto watched = [&](certificate_status shown) {
        shown.crl_problem = crl_problem(*who);
        shown.record_problem = parts_.peek_records ? parts_.peek_records(name) : std::string();
        return shown;
    };
    const auto shown_now = [&] { return watched(status_of(*who, parts_.files)); };
    if (!who->rest) {
        co_return shown_now();
    }
    auto read = [this, name = who->name()] { return parts_.files.inspect(name); };
    auto found = co_await parts_.workers.run(read);
    if (!found || !who->rest) {
        co_return shown_now();
    }
    machine_state machine;
    machine.wanted = who->wanted;
    const next_step next = resume(machine, std::move(found->seen), parts_.time.now(), parts_.random);
    co_return watched(status_of(machine, next, who->phase, parts_.files));
}

std::vector<planned_step> engine_impl::plan() const {
    const wall_time now = parts_.time.now();
    std::vector<planned_step> all;
    all.reserve(entries_.size());
    for (const auto& [name, who] : entries_) {
        planned_step step;
        step.certificate = name;
        step.where = who->phase;
        step.when = now;
        step.issuer = who->wanted->policy->issuers.empty() ? "" : who->wanted->policy->issuers.front();
        if (who->awake) {
            const auto& [machine, next] = *who->awake;
            step.when = next.what == action::wait ? next.when : now;
            step.why = next.why;
            step.reason = next.reason;
            step.expires = machine.live ? machine.live->not_after() : wall_time{};
            step.issuer = next.issuer.empty() ? step.issuer : next.issuer;
        } else if (who->rest) {
            step.when = next_of(*who->rest);
            step.why = who->rest->why;
            step.reason = reason_at_rest(*who->rest);
            step.expires = who->rest->first.not_after;
        }
        if (who->phase == state::queued) {
            const auto line = lines_.find(step.issuer);
            if (line != lines_.end() && line->second.blocked_until) {
                step.when = *line->second.blocked_until;
                step.why = cause::hold;
                step.reason += "; waits in line, the account's limits leave no room before";
            } else {
                step.reason += "; waits in line for a place at its issuer";
            }
        }
        all.push_back(std::move(step));
    }
    std::ranges::sort(all, {}, [](const planned_step& one) { return std::tie(one.when, one.certificate); });
    return all;
}

std::vector<issuer_budget> engine_impl::budgets() const {
    std::vector<issuer_budget> all;
    for (const auto& [issuer, known] : ledgers_) {
        if (issuers_.contains(issuer) && known.ledger) {
            all.push_back({issuer, known.ledger->levels(parts_.time.now())});
        }
    }
    return all;
}

} // namespace evercert::lifecycle
