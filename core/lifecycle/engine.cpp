#include "core/lifecycle/engine.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// The schedule is looked at at least this often, so that a wall clock that jumps, or a machine that slept,
/// is noticed.
constexpr milliseconds longest_nap = std::chrono::seconds(60);
/// Smaller corrections are what time synchronisation does all the time.
constexpr milliseconds worth_a_jump = std::chrono::minutes(2);
/// What is due at once after that is begun within this: a clock that was set wrong may be set right again
/// soon.
constexpr milliseconds longest_after_jump = std::chrono::minutes(10);
/// Certificates whose files are looked at together: start-up stays gentle with 100,000 of them.
constexpr std::size_t concurrent_looks = 64;

} // namespace

engine_impl::engine_impl(const asio::any_io_executor& executor, engine_parts parts)
    : parts_(std::move(parts))
    , tasks_(executor, [this](const auto& task, const auto& what) { report(task, what); })
    , clockwork_(executor, [this](const auto& task, const auto& what) { report(task, what); })
    , alarm_(parts_.time.make_timer())
    , idle_(parts_.time.make_timer()) {}

// ---- what is configured

void engine_impl::assign(assignment what) {
    solvers_ = std::move(what.solvers);
    for (auto it = sessions_.begin(); it != sessions_.end();) {
        const auto found = what.issuers.find(it->first);
        const bool same = found != what.issuers.end() && found->second == it->second->settings();
        it = same ? std::next(it) : sessions_.erase(it); // what is under way keeps its session
    }
    issuers_ = std::move(what.issuers);
    for (const auto& [name, settings] : issuers_) {
        tasks_.spawn("contacts at " + name, see_to_contacts(name));
    }

    decltype(entries_) kept;
    for (certificate_ptr& wanted : what.certificates) {
        const auto found = entries_.find(wanted->name);
        if (found == entries_.end()) {
            auto fresh = std::make_shared<entry>(std::move(wanted));
            kept.emplace(fresh->name(), fresh);
            if (swept_) {
                start(fresh);
            }
            continue;
        }
        const entry_ptr who = found->second;
        entries_.erase(found);
        const bool changed = !(*who->wanted == *wanted);
        const bool elsewhere = !who->wanted->policy->deploys_like(*wanted->policy);
        if (changed) {
            who->wanted = wanted;
        }
        kept.emplace(who->name(), who);
        if (changed) {
            emit("cert.reconfigured", severity::info, *who, "its configuration changed");
            who->later.emplace_back(reconfigured{std::move(wanted), elsewhere});
            start(who);
        } else if (who->next_check == wall_time::max() && who->rest && !who->running) {
            plan_checks(*who); // its issuer may be asked now
            put_on_schedule(who);
        }
    }
    for (auto& [name, gone] : entries_) {
        gone->removed = true;
        schedule_.remove(*gone);
        emit("cert.removed", severity::info, *gone,
             "not configured any more: it is left alone, its files stay");
    }
    entries_ = std::move(kept);
    if (!started_) {
        started_ = true;
        clockwork_.spawn("schedule", watch_schedule());
        clockwork_.spawn("first look", sweep());
    } else {
        alarm_->cancel(); // something may be due sooner now
    }
}

engine_impl::entry_ptr engine_impl::find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
}

// ---- when

awaitable<void> engine_impl::watch_schedule() {
    wall_time last_wall = parts_.time.now();
    steady_time last_steady = parts_.time.steady_now();
    while (!stopping_) {
        const auto passed = std::chrono::floor<milliseconds>(parts_.time.steady_now() - last_steady);
        const milliseconds jumped = parts_.time.now() - last_wall - passed;
        last_wall += jumped + passed;
        last_steady += passed;
        if (jumped > worth_a_jump || jumped < -worth_a_jump) {
            plan_anew(jumped);
        }
        while (auto due = schedule_.take_due(parts_.time.now())) {
            if (check_at_once(*due)) {
                put_on_schedule(due);
            } else {
                start(due);
            }
        }
        admit_due();
        milliseconds nap = longest_nap;
        const auto sooner = [&](const std::optional<wall_time>& when) {
            if (when) {
                nap = std::clamp<milliseconds>(*when - parts_.time.now(), milliseconds(1), nap);
            }
        };
        sooner(schedule_.earliest());
        sooner(earliest_admission());
        alarm_at_ = parts_.time.steady_now() + nap;
        co_await alarm_->wait_until(alarm_at_);
    }
}

/// To be told whenever something is planned: the alarm is set anew if it would go off too late.
void engine_impl::wake_by(wall_time when) {
    if (when - parts_.time.now() < alarm_at_ - parts_.time.steady_now()) {
        alarm_->cancel();
    }
}

/// The wall clock was set: moments that were planned by the old one mean nothing by the new.
void engine_impl::plan_anew(milliseconds jumped) {
    event told{.id = "clock.jumped",
               .level = severity::warning,
               .certificate = {},
               .message = fmt::format("the clock was set by {}: everything is planned anew",
                                      format_duration(jumped)),
               .fields = {}};
    parts_.events.emit(told);
    const milliseconds herd = std::min<milliseconds>(
        longest_after_jump, milliseconds(300) * static_cast<std::int64_t>(entries_.size()));
    schedule_.clear();
    for (const auto& [name, who] : entries_) {
        if (who->running || who->phase == state::queued) {
            continue;
        }
        plan_checks(*who);
        if (who->awake) {
            if (jumped < milliseconds(0)) {
                tell(*who, clock_set_back{-jumped});
            }
            start(who);
            continue;
        }
        if (who->rest && (who->rest->put_off > milliseconds(0) || next_of(*who->rest) <= parts_.time.now())) {
            // As if it had not been set: a machine that slept, or whose clock is wrong, has no herd of
            // renewals.
            who->rest->put_off = std::max(milliseconds(0), who->rest->put_off + jumped);
        }
        put_on_schedule(who);
        if (who->rest && next_of(*who->rest) <= parts_.time.now()) {
            schedule_.put(who, parts_.time.now() + milliseconds(parts_.random.between(0, herd.count())));
        }
    }
    for (auto& [issuer, line] : lines_) {
        admit(issuer);
    }
}

/// Begins to work on an entry, at once or when there is room.
void engine_impl::start(const entry_ptr& who) {
    if (stopping_ || who->running || who->removed) {
        return;
    }
    schedule_.drop(*who);
    const bool looks = !who->awake && !who->rest;
    if (looks && looking_ >= concurrent_looks) {
        unlooked_.push_back(who);
        return;
    }
    looking_ += looks ? 1 : 0;
    who->running = true;
    tasks_.spawn(who->name(), drive(who));
}

void engine_impl::put_on_schedule(const entry_ptr& who) {
    const wall_time next = who->awake  ? who->awake->next.when
                           : who->rest ? next_of(*who->rest)
                                       : wall_time::max();
    const wall_time when = std::min(next, who->next_check);
    schedule_.put(who, when);
    wake_by(when);
}

/// After work: takes in what came meanwhile, and waits for the next moment.
void engine_impl::rest(const entry_ptr& who) {
    who->running = false;
    if (who->phase != state::queued) {
        give_back_place(*who);
    }
    if (!who->removed && who->phase != state::queued) {
        const bool more = !who->later.empty();
        if (who->awake) {
            const auto& [machine, next] = *who->awake;
            const storage::job_record& job = machine.job;
            const bool failing =
                !job.troubles.empty() || job.deploy_failures > 0 || (!machine.holds.empty() && !machine.live);
            who->phase = failing ? state::failing : state::waiting;
            if (!more && may_rest(machine, next)) {
                who->rest = std::make_unique<resting_facts>(facts_to_rest(machine, next, pool_));
                who->awake.reset();
            }
        } else if (who->rest) {
            who->phase = state::waiting;
        }
        if (more || (who->awake && who->awake->next.what != action::wait)) {
            start(who);
        } else {
            put_on_schedule(who);
        }
    }
    if (const auto admission = earliest_admission()) {
        wake_by(*admission); // giving back its place may have moved it
    }
    if (settling_ && !busy()) {
        idle_->cancel();
    }
}

bool engine_impl::busy() const {
    const wall_time now = parts_.time.now();
    return !swept_ || std::any_of(entries_.begin(), entries_.end(), [now](const auto& named) {
        const entry& who = *named.second;
        if (who.running || !who.later.empty()) {
            return true;
        }
        if (who.phase == state::queued) {
            return false; // looked at below, by line
        }
        if (!who.awake && !who.rest) {
            return who.unreadable == nullptr;
        }
        const wall_time next = who.awake ? who.awake->next.when : next_of(*who.rest);
        return std::min(next, who.next_check) <= now || (who.awake && who.awake->next.what != action::wait);
    }) || std::any_of(lines_.begin(), lines_.end(), [](const auto& named) {
        // Those whom the account's limits hold back are not waited for.
        return !named.second.blocked_until && !named.second.all().empty();
    });
}

awaitable<void> engine_impl::settle() {
    settling_ = true;
    while (!swept_) {
        co_await idle_->wait_until(parts_.time.steady_now() + milliseconds(20));
    }
    for (const auto& [name, who] : entries_) {
        who->next_check = std::min(who->next_check, parts_.time.now());
        if (!who->running && who->phase != state::queued && (who->awake || who->rest)) {
            put_on_schedule(who);
        }
    }
    alarm_->cancel();
    while (busy()) {
        co_await idle_->wait_until(parts_.time.steady_now() + longest_nap);
    }
}

awaitable<void> engine_impl::stop(milliseconds patience) {
    stopping_ = true;
    clockwork_.cancel();
    const steady_time end = parts_.time.steady_now() + patience;
    auto pause = parts_.time.make_timer();
    while (tasks_.size() > 0 && parts_.time.steady_now() < end) {
        co_await pause->wait_until(parts_.time.steady_now() + milliseconds(20));
    }
    tasks_.cancel();
    co_await tasks_.join();
    co_await clockwork_.join();
    for (const auto& waiting : errands_) {
        waiting->done = true;
        waiting->finished->cancel();
    }
}

void engine_impl::report(const std::string& task, const std::string& what) {
    event mistake{.id = "internal.exception",
                  .level = severity::error,
                  .certificate = {},
                  .message = fmt::format("unexpected exception in {}: {}", task, what),
                  .fields = {}};
    parts_.events.emit(mistake);
}

void engine_impl::emit(std::string_view id, severity level, const entry& who, std::string message,
                       std::vector<std::pair<std::string, std::string>> fields) {
    const event happened{.id = id,
                         .level = level,
                         .certificate = who.name(),
                         .message = std::move(message),
                         .fields = std::move(fields)};
    parts_.events.emit(happened);
}

std::unique_ptr<engine> make_engine(const asio::any_io_executor& executor, engine_parts parts) {
    return std::make_unique<engine_impl>(executor, std::move(parts));
}

} // namespace evercert::lifecycle
