// The work on one certificate.
#include "core/lifecycle/deploying.hpp"
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/machine_events.hpp"
#include "core/lifecycle/revoking.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// A disk that cannot be read is looked at again after this.
constexpr milliseconds unreadable_rest = std::chrono::minutes(1);

} // namespace

awaitable<void> engine_impl::drive(entry_ptr who) {
    // Whoever starts this goes on first: entries that start one another would else stand on one stack.
    co_await asio::post(asio::use_awaitable);
    std::string mistake;
    const bool looks = !who->awake && !who->rest;
    try {
        co_await work(who);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            throw;
        }
        mistake = e.what();
    } catch (const std::exception& e) {
        mistake = e.what();
    }
    if (!mistake.empty()) {
        report(who->name(), mistake);
        if (!who->awake) {
            who->rest.reset();
            who->awake = std::make_unique<awake_entry>();
            who->awake->machine.wanted = who->wanted;
        }
        who->awake->machine.looked = true;
        order_failed failure;
        failure.issuer = who->wanted->policy->issuers.front();
        failure.text = "unexpected failure inside evercert: " + mistake;
        tell(*who, failure);
    }
    if (looks) {
        --looking_;
        if (!unlooked_.empty()) {
            const entry_ptr next = unlooked_.front();
            unlooked_.pop_front();
            start(next);
        }
    }
    rest(who);
}

awaitable<void> engine_impl::work(entry_ptr who) {
    if (who->rest && who->later.empty() && next_of(*who->rest) > parts_.time.now()) {
        co_await check(who);
        if (who->later.empty()) {
            co_return;
        }
    }
    if (!who->awake) {
        co_await look(who);
        if (!who->awake) {
            co_return;
        }
    }
    tell(*who, woken{});
    who->phase = who->phase == state::queued ? state::waiting : who->phase;
    unrecorded deployed;
    while (!who->removed && !stopping_ && who->phase != state::queued) {
        std::vector<machine_event> news = std::exchange(who->later, {});
        for (machine_event& happened : news) {
            tell(*who, std::move(happened));
        }
        const bool checks = who->awake->next.what == action::wait && who->next_check <= parts_.time.now();
        if (deployed.keeping && !checks) {
            co_await save_deployed(who, deployed);
        } else if (!news.empty()) {
            (void)co_await save(who);
        }
        if (checks) {
            co_await check(who);
            if (who->later.empty() && !deployed.keeping) {
                break;
            }
            continue;
        }
        if (who->awake->next.what == action::wait) {
            break;
        }
        co_await step(who, deployed);
    }
    if (deployed.keeping) {
        co_await save_deployed(who, deployed);
    }
}

awaitable<void> engine_impl::step(entry_ptr who, unrecorded& deployed) {
    switch (who->awake->next.what) {
    case action::look:
        co_await look(who);
        if (who->awake) {
            tell(*who, woken{});
        }
        break;
    case action::deploy:
        co_await make_live(who, deployed);
        break;
    case action::wait:
        break;
    case action::revoke:
        co_await revoke_at_issuer(who);
        break;
    case action::order:
        if (take_place(who, who->awake->next.issuer)) {
            co_await order(who);
            give_back_place(*who);
        }
        break;
    }
}

awaitable<void> engine_impl::look(entry_ptr who) {
    auto read = [this, name = who->name()] { return parts_.files.inspect(name); };
    auto found = co_await parts_.workers.run(read);
    if (!found) {
        // Nothing is known, so nothing is done: a disk that cannot be read is no reason to order.
        emit("store.unreadable", severity::error, *who, found.error().text());
        who->rest.reset();
        who->unreadable = pool_(found.error().text());
        who->phase = state::failing;
        who->next_check = parts_.time.now() + unreadable_rest;
        co_return;
    }
    who->inspected = true;
    if (who->unreadable != nullptr) {
        who->unreadable = nullptr;
        who->next_check = wall_time{};
    }
    who->awake = std::make_unique<awake_entry>();
    who->awake->machine.wanted = who->wanted;
    who->rest.reset();
    if (!found->trouble.empty()) {
        emit("store.trouble", severity::warning, *who, found->trouble);
    }
    note(*who, std::move(found->seen));
    const machine_state& machine = who->awake->machine;
    if (machine.live && reads(severity::debug)) {
        emit("cert.found", severity::debug, *who,
             fmt::format("version {} is live until {}", machine.live->number,
                         format_time(machine.live->not_after())),
             {{"serial", machine.live->first().serial}});
    }
    if (who->next_check == wall_time{}) {
        plan_checks(*who);
    }
}

void engine_impl::say_issued(const entry& who, const std::string& issuer_name) {
    if (!reads(severity::info)) {
        return;
    }
    const version_facts& fresh = *who.awake->machine.staged;
    emit("cert.issued", severity::info, who,
         fmt::format("version {} from {}, good until {}", fresh.number, issuer_name,
                     format_time(fresh.not_after())),
         {{"serial", fresh.first().serial},
          {"issuer", issuer_name},
          {"version", fmt::format("{}", fresh.number)}});
}

void engine_impl::say_deployed(const entry& who, unsigned version) {
    if (!reads(severity::info)) {
        return;
    }
    const awake_entry& awake = *who.awake;
    emit("cert.deployed", severity::info, who,
         fmt::format("version {} is live{}; next: {} at {}", version,
                     who.wanted->policy->deploy.empty() ? "" : " and served", awake.next.reason,
                     format_time(std::max(awake.next.when, parts_.time.now()))),
         {{"version", fmt::format("{}", version)},
          {"serial", awake.machine.live ? awake.machine.live->first().serial : ""}});
}

/// By what its names are proven. Which solvers there are is looked up each time: a reload may change it.
solver_choice engine_impl::solvers_of(certificate_ptr wanted) const {
    return [this, wanted = std::move(wanted)](const identifier& name) {
        std::vector<solver*> able;
        for (const std::string& challenge : challenges_for(*wanted->policy, name)) {
            if (const auto found = solvers_.find(challenge); found != solvers_.end()) {
                able.push_back(found->second);
            }
        }
        return able;
    };
}

awaitable<void> engine_impl::order(entry_ptr who) {
    const auto session = who->place;
    const std::string issuer_name = session->settings().name;
    who->phase = state::ordering;
    if (reads(severity::info)) {
        emit("cert.ordering", severity::info, *who,
             fmt::format("ordering from {}: {}", issuer_name, who->awake->next.reason),
             {{"issuer", issuer_name}});
    }
    solver_choice answers = solvers_of(who->wanted);
    const unsigned early = who->awake->machine.job.early_renewals;
    order_hooks hooks{teller_of(who), [this, who, &issuer_name] { return look_ahead(who, issuer_name); }};
    machine_event outcome =
        co_await perform_order(who->awake->machine, *session, std::move(answers), parts_, std::move(hooks));
    note_limits(*who, outcome);
    const bool is_issued = std::holds_alternative<issued>(outcome);
    const bool is_held = std::holds_alternative<held>(outcome);
    tell(*who, std::move(outcome));
    const machine_state& machine = who->awake->machine;
    const storage::job_record& job = machine.job;
    if (is_issued) {
        say_issued(*who, issuer_name);
        if (job.early_renewals > std::max(early, 1U)) {
            emit("cert.renewed_early", severity::warning, *who,
                 fmt::format(
                     "the CA's renewal window has made it renew {} times in a row while it was still young; "
                     "it is followed more slowly",
                     job.early_renewals),
                 {{"issuer", issuer_name}});
        }
        co_return; // made durable after the deployment: until then the stored version speaks for itself
    }
    if (is_held) {
        const issuer_hold& hold = machine.holds.back();
        emit("cert.held", severity::info, *who,
             fmt::format("not ordered before {}: {}", format_time(hold.until), hold.reason),
             {{"issuer", issuer_name}});
        (void)co_await save(who);
        co_return;
    }
    const storage::issuer_trouble* trouble = job.latest_trouble();
    if (trouble->problem_class == slow_class) {
        emit("cert.order_waits", severity::info, *who,
             fmt::format("{}; next look {}", trouble->problem,
                         format_time(std::max(who->awake->next.when, parts_.time.now()))),
             {{"issuer", issuer_name}});
        (void)co_await save(who);
        co_return;
    }
    emit("cert.order_failed", severity::error, *who,
         fmt::format("{} (failure {} at {}, next {} {})", trouble->problem, trouble->failures, issuer_name,
                     who->awake->next.what == action::order ? "at " + who->awake->next.issuer : "try",
                     format_time(std::max(who->awake->next.when, parts_.time.now()))),
         {{"issuer", issuer_name},
          {"class", trouble->problem_class},
          {"failures", fmt::format("{}", trouble->failures)}});
    (void)co_await save(who);
}

awaitable<void> engine_impl::make_live(entry_ptr who, unrecorded& done) {
    who->phase = state::deploying;
    const unsigned version = who->awake->machine.staged->number;
    machine_event outcome = co_await perform_deployment(who->awake->machine, parts_, teller_of(who));
    tell(*who, outcome);
    const storage::job_record& job = who->awake->machine.job;
    if (std::holds_alternative<deployed>(outcome)) {
        say_deployed(*who, version);
        // A version that is about to be revoked is still needed for that.
        done.keeping = job.revoking ? job.revoking->version : version;
        who->next_check = parts_.time.now(); // the CA's word on the new leaf
        // Where no server was told, the files tell all that the record would: it is written once, with the
        // CA's word in it.
        if (who->wanted->policy->has_deployments() || job.revoking) {
            co_await save_deployed(who, done);
        }
        co_return;
    }
    emit("cert.deploy_failed", severity::error, *who,
         fmt::format("{} (failure {}, next try {})", job.deploy_problem, job.deploy_failures,
                     format_time(job.deploy_not_before.value_or(parts_.time.now()))),
         {{"version", fmt::format("{}", version)}, {"failures", fmt::format("{}", job.deploy_failures)}});
    (void)co_await save(who);
}

awaitable<void> engine_impl::revoke_at_issuer(entry_ptr who) {
    const storage::revocation_wish wish = *who->awake->machine.job.revoking;
    if (!issuers_.contains(wish.issuer)) {
        tell(*who, revocation_failed{wish.fingerprint, true});
        finish_errands(who->name(),
                       fail(errc::not_found, fmt::format("issuer {}, which issued it, is not configured "
                                                         "any more",
                                                         wish.issuer)));
        (void)co_await save(who);
        co_return;
    }
    const auto session = session_of(wish.issuer);
    auto outcome = co_await perform_revocation(who->awake->machine, *session, parts_);
    // The first leaf's fingerprint stands for the whole wish, so it is told last.
    std::ranges::reverse(outcome.revoked);
    for (const std::string& fingerprint : outcome.revoked) {
        tell(*who, revoked{fingerprint});
    }
    if (outcome.failure) {
        tell(*who, revocation_failed{wish.fingerprint, outcome.for_good});
        std::string text = outcome.failure->text();
        if (!outcome.for_good) {
            text += fmt::format("; it is tried again at {}",
                                format_time(who->awake->machine.job.revoking->not_before));
        }
        emit("cert.revoke_failed", severity::error, *who, text, {{"issuer", wish.issuer}});
        finish_errands(who->name(), fail(outcome.failure->code, std::move(text)));
    } else {
        emit("cert.revoked", severity::warning, *who,
             fmt::format("version {} was revoked at {}", wish.version, wish.issuer),
             {{"fingerprint", wish.fingerprint}, {"issuer", wish.issuer}});
        finish_errands(who->name(), {});
    }
    (void)co_await save(who);
}

} // namespace evercert::lifecycle
