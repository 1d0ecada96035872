#include "core/lifecycle/deploying.hpp"
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/inspection.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {
namespace {

/// When an issuer's pause ends, those who waited for it come back spread over this time.
constexpr milliseconds spread_after_pause = std::chrono::minutes(1);
/// A disk that cannot be read is looked at again after this.
constexpr milliseconds unreadable_rest = std::chrono::minutes(1);

} // namespace

awaitable<void> engine_impl::drive(entry_ptr who) {
    std::string mistake;
    const bool looks = !who->machine.looked;
    try {
        who->held_until.reset();
        tell(*who, woken{});
        who->phase = who->phase == state::queued ? state::waiting : who->phase;
        while (!who->removed && !stopping_ && who->next.what != action::wait && who->phase != state::queued &&
               !who->held_until) {
            co_await step(who);
        }
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            throw;
        }
        mistake = e.what();
    } catch (const std::exception& e) {
        mistake = e.what();
    }
    if (!mistake.empty()) {
        report(who->machine.wanted.name, mistake);
        who->machine.looked = true;
        tell(*who, order_failed{verdict{}, "unexpected failure inside evercert: " + mistake, false});
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

awaitable<void> engine_impl::step(entry_ptr who) {
    switch (who->next.what) {
    case action::look:
        co_await look(who);
        break;
    case action::deploy:
        co_await make_live(who);
        break;
    case action::wait:
        break;
    case action::order: {
        const std::string issuer_name = who->machine.wanted.issuer;
        auto session = session_of(issuer_name);
        if (const auto pause = session->paused()) {
            const milliseconds rest_of_it =
                std::chrono::ceil<milliseconds>(pause->until - parts_.time.steady_now()) +
                milliseconds(parts_.random.between(0, spread_after_pause.count()));
            who->held_until = parts_.time.now() + rest_of_it;
            who->held_because = fmt::format("issuer {} is paused: {}", issuer_name, pause->reason);
            break;
        }
        if (!session->take_place()) {
            who->phase = state::queued;
            queues_[issuer_name].push_back(who);
            break;
        }
        co_await order(who, session);
        break;
    }
    }
}

void engine_impl::admit_queued(const std::string& issuer) {
    auto& queue = queues_[issuer];
    while (!queue.empty()) {
        const entry_ptr next = queue.front();
        queue.pop_front();
        if (next->removed || next->phase != state::queued) {
            continue;
        }
        next->phase = state::waiting;
        start(next);
        return;
    }
}

awaitable<void> engine_impl::look(entry_ptr who) {
    auto work = [this, who] { return inspect(parts_.repository, who->machine.wanted.name); };
    auto found = co_await parts_.workers.run(work);
    if (!found) {
        // Nothing is known, so nothing is done: a disk that cannot be read is no reason to order.
        emit("store.unreadable", severity::error, *who, found.error().text());
        who->held_until = parts_.time.now() + unreadable_rest;
        who->held_because = found.error().text();
        co_return;
    }
    if (!found->trouble.empty()) {
        emit("store.trouble", severity::warning, *who, found->trouble);
    }
    tell(*who, std::move(found->seen));
    const machine_state& machine = who->machine;
    if (machine.live) {
        emit("cert.found", severity::debug, *who,
             fmt::format("version {} is live until {}", machine.live->number,
                         format_time(machine.live->not_after)),
             {{"serial", machine.live->serial}});
    }
}

awaitable<void> engine_impl::order(entry_ptr who, std::shared_ptr<issuer_session> session) {
    const std::string issuer_name = session->settings().name;
    who->phase = state::ordering;
    emit("cert.ordering", severity::info, *who,
         fmt::format("ordering from {}: {}", issuer_name, who->next.reason), {{"issuer", issuer_name}});
    const auto solver_found = solvers_.find(who->machine.wanted.challenge);
    solver* const answers = solver_found == solvers_.end() ? nullptr : solver_found->second;
    machine_event outcome = woken{};
    {
        const order_place place(session);
        outcome = co_await perform_order(who->machine, *session, answers, parts_, teller_of(who));
    }
    admit_queued(issuer_name);
    tell(*who, outcome);
    if (const auto* fresh = std::get_if<issued>(&outcome)) {
        emit("cert.issued", severity::info, *who,
             fmt::format("version {} from {}, good until {}", fresh->version.number, issuer_name,
                         format_time(fresh->version.not_after)),
             {{"serial", fresh->version.serial},
              {"issuer", issuer_name},
              {"version", fmt::format("{}", fresh->version.number)}});
        co_return; // made durable after the deployment: until then the stored version speaks for itself
    }
    const storage::job_record& job = who->machine.job;
    emit("cert.order_failed", severity::error, *who,
         fmt::format("{} (failure {}, next try {})", job.problem, job.failures,
                     format_time(job.not_before.value_or(parts_.time.now()))),
         {{"issuer", issuer_name},
          {"class", job.problem_class},
          {"failures", fmt::format("{}", job.failures)}});
    (void)co_await save(who);
}

awaitable<void> engine_impl::make_live(entry_ptr who) {
    who->phase = state::deploying;
    const unsigned version = who->machine.staged->number;
    machine_event outcome = co_await perform_deployment(who->machine, parts_, teller_of(who));
    tell(*who, outcome);
    const storage::job_record& job = who->machine.job;
    if (std::holds_alternative<deployed>(outcome)) {
        emit("cert.deployed", severity::info, *who,
             fmt::format("version {} is live{}; next: {} at {}", version,
                         who->machine.wanted.deploy.empty() ? "" : " and served", who->next.reason,
                         format_time(job.renew_at.value_or(parts_.time.now()))),
             {{"version", fmt::format("{}", version)},
              {"serial", who->machine.live ? who->machine.live->serial : ""}});
        const unsigned keep = parts_.keep_versions;
        auto tidy = [this, who, keep, version]() -> result<void> {
            const std::string& name = who->machine.wanted.name;
            if (auto dropped = parts_.repository.drop_pending_key(name); !dropped) {
                return dropped;
            }
            return parts_.repository.prune(name, keep, version);
        };
        if (auto saved = co_await save(who); saved) {
            if (auto tidied = co_await parts_.workers.run(tidy); !tidied) {
                emit("store.prune_failed", severity::warning, *who, tidied.error().text());
            }
        }
        co_return;
    }
    emit("cert.deploy_failed", severity::error, *who,
         fmt::format("{} (failure {}, next try {})", job.deploy_problem, job.deploy_failures,
                     format_time(job.deploy_not_before.value_or(parts_.time.now()))),
         {{"version", fmt::format("{}", version)}, {"failures", fmt::format("{}", job.deploy_failures)}});
    (void)co_await save(who);
}

// ---- machine and record

void engine_impl::tell(entry& who, const machine_event& happened) {
    who.next = resume(who.machine, happened, parts_.time.now(), parts_.random);
}

teller engine_impl::teller_of(entry_ptr who) {
    return [this, who](machine_event happened) -> awaitable<result<void>> {
        return take_in(who, std::move(happened));
    };
}

/// Only an accepted order has to be durable before anything else is sent: the rest can be told from the
/// files.
awaitable<result<void>> engine_impl::take_in(entry_ptr who, machine_event happened) {
    tell(*who, happened);
    if (std::holds_alternative<order_accepted>(happened)) {
        co_return co_await save(who);
    }
    co_return result<void>{};
}

awaitable<result<void>> engine_impl::save(entry_ptr who) {
    auto work = [this, name = who->machine.wanted.name, record = who->machine.job] {
        return parts_.repository.save_job(name, record);
    };
    auto saved = co_await parts_.workers.run(work);
    if (!saved) {
        emit("store.record_failed", severity::error, *who,
             saved.error().within("its record could not be written").text());
    }
    co_return saved;
}

} // namespace evercert::lifecycle
