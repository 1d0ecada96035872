#include "core/lifecycle/engine.hpp"

#include "core/base/text.hpp"
#include "core/lifecycle/engine_impl.hpp"
#include "core/lifecycle/revoking.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {
namespace {

/// The schedule is looked at at least this often, so that a wall clock that jumps, or a machine that slept,
/// is noticed.
constexpr milliseconds longest_nap = std::chrono::seconds(60);
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

    std::map<std::string, entry_ptr, std::less<>> kept;
    for (managed_certificate& wanted : what.certificates) {
        const std::string name = wanted.name;
        const auto found = entries_.find(name);
        if (found == entries_.end()) {
            auto fresh = std::make_shared<entry>();
            fresh->machine.wanted = std::move(wanted);
            kept.emplace(name, fresh);
            start(fresh);
            continue;
        }
        entry_ptr who = found->second;
        entries_.erase(found);
        kept.emplace(name, who);
        if (who->machine.wanted != wanted) {
            emit("cert.reconfigured", severity::info, *who, "its configuration changed");
            machine_event change = reconfigured{std::move(wanted)};
            if (who->running) {
                who->later.push_back(std::move(change));
            } else {
                who->held_until.reset();
                tell(*who, change);
                start(who);
            }
        }
    }
    for (auto& [name, gone] : entries_) {
        gone->removed = true;
        schedule_.drop(*gone);
        emit("cert.removed", severity::info, *gone,
             "not configured any more: it is left alone, its files stay");
    }
    entries_ = std::move(kept);
    if (!started_) {
        started_ = true;
        clockwork_.spawn("schedule", watch_schedule());
    }
}

std::shared_ptr<issuer_session> engine_impl::session_of(const std::string& name) {
    auto& session = sessions_[name];
    if (!session) {
        session = std::make_shared<issuer_session>(issuers_.at(name), parts_);
    }
    return session;
}

// ---- when

awaitable<void> engine_impl::watch_schedule() {
    while (!stopping_) {
        while (auto due = schedule_.take_due(parts_.time.now())) {
            start(due);
        }
        milliseconds nap = longest_nap;
        if (const auto earliest = schedule_.earliest()) {
            nap = std::clamp<milliseconds>(*earliest - parts_.time.now(), milliseconds(1), longest_nap);
        }
        co_await alarm_->wait_until(parts_.time.steady_now() + nap);
    }
}

/// Begins to work on an entry, at once or when there is room.
void engine_impl::start(const entry_ptr& who) {
    if (stopping_ || who->running || who->removed) {
        return;
    }
    schedule_.drop(*who);
    if (!who->machine.looked && looking_ >= concurrent_looks) {
        unlooked_.push_back(who);
        return;
    }
    looking_ += who->machine.looked ? 0 : 1;
    who->running = true;
    tasks_.spawn(who->machine.wanted.name, drive(who));
}

/// After work: takes in what came meanwhile, and waits for the next moment.
void engine_impl::rest(const entry_ptr& who) {
    who->running = false;
    for (const machine_event& happened : std::exchange(who->later, {})) {
        who->held_until.reset();
        tell(*who, happened);
    }
    if (!who->removed && who->phase != state::queued) {
        const storage::job_record& job = who->machine.job;
        const bool failing =
            job.failures > 0 || job.deploy_failures > 0 || (who->held_until && !who->machine.live);
        who->phase = failing ? state::failing : state::waiting;
        if (who->next.what != action::wait && !who->held_until) {
            start(who);
        } else {
            schedule_.put(who, who->held_until ? *who->held_until : who->next.when);
        }
    }
    alarm_->cancel();
    if (settling_ && !busy()) {
        idle_->cancel();
    }
}

bool engine_impl::busy() const {
    return std::any_of(entries_.begin(), entries_.end(), [this](const auto& named) {
        const entry& who = *named.second;
        return who.running || who.phase == state::queued || !who.machine.looked ||
               (who.phase != state::queued && !who.held_until &&
                (who.next.what != action::wait || who.next.when <= parts_.time.now()));
    });
}

awaitable<void> engine_impl::settle() {
    settling_ = true;
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
}

// ---- what people ask for

result<void> engine_impl::ask(std::string_view name, const machine_event& wish) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        return fail(errc::not_found,
                    fmt::format("there is no managed certificate called {}", escape(name, 100)));
    }
    const entry_ptr who = found->second;
    if (who->running || !who->machine.looked) {
        who->later.push_back(wish);
        return {};
    }
    who->held_until.reset();
    tell(*who, wish);
    if (who->phase == state::queued) {
        return {};
    }
    start(who);
    return {};
}

result<void> engine_impl::renew(std::string_view name, bool now) {
    const auto found = entries_.find(name);
    if (now && found != entries_.end()) {
        if (const auto session = sessions_.find(found->second->machine.wanted.issuer);
            session != sessions_.end()) {
            session->second->lift_pause();
        }
    }
    return ask(name, renewal_asked{now});
}

result<void> engine_impl::deploy(std::string_view name) {
    const auto found = entries_.find(name);
    if (found != entries_.end() && found->second->machine.looked && !found->second->machine.live &&
        !found->second->machine.staged) {
        return fail(errc::not_found, "it has no certificate yet that could be deployed");
    }
    return ask(name, deployment_asked{});
}

awaitable<result<void>> engine_impl::revoke(std::string name, std::optional<int> reason) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        co_return fail(errc::not_found,
                       fmt::format("there is no managed certificate called {}", escape(name, 100)));
    }
    const entry_ptr who = found->second;
    if (who->running || !who->machine.looked || who->phase == state::queued) {
        co_return fail(errc::busy, "it is being worked on now: wait for it to finish and try again");
    }
    if (!who->machine.live) {
        co_return fail(errc::not_found, "it has no live certificate to revoke");
    }
    const std::string issuer_name =
        who->machine.job.issuer.empty() ? who->machine.wanted.issuer : who->machine.job.issuer;
    if (!issuers_.contains(issuer_name)) {
        co_return fail(errc::not_found,
                       fmt::format("issuer {}, which issued it, is not configured any more", issuer_name));
    }
    // The work is the engine's, like all other: it is joined at a stop, whatever becomes of the one who
    // asked.
    auto answer = std::make_shared<errand>(parts_.time.make_timer());
    schedule_.drop(*who);
    who->running = true;
    tasks_.spawn("revocation of " + name, revoke_live(who, session_of(issuer_name), reason, answer));
    while (!answer->done) {
        co_await answer->finished->wait_until(steady_time::max());
    }
    co_return answer->outcome;
}

awaitable<void> engine_impl::revoke_live(entry_ptr who, std::shared_ptr<issuer_session> session,
                                         std::optional<int> reason, std::shared_ptr<errand> answer) {
    struct at_the_end {
        engine_impl& engine;
        entry_ptr who;
        std::shared_ptr<errand> answer;
        ~at_the_end() {
            engine.rest(who);
            answer->done = true;
            answer->finished->cancel();
        }
    };
    const at_the_end end{*this, who, answer};
    const std::string issuer_name = session->settings().name;
    const version_facts leaf = *who->machine.live;
    auto revocation = co_await perform_revocation(who->machine, *session, reason, parts_);
    answer->outcome = std::move(revocation);
    if (!answer->outcome) {
        emit("cert.revoke_failed", severity::error, *who, answer->outcome.error().text());
        co_return;
    }
    emit("cert.revoked", severity::warning, *who,
         fmt::format("serial {} was revoked at {}", leaf.serial, issuer_name),
         {{"serial", leaf.serial}, {"issuer", issuer_name}});
    tell(*who, revoked{leaf.fingerprint});
    (void)co_await save(who);
}

// ---- what is seen from outside

std::vector<certificate_status> engine_impl::list() const {
    std::vector<certificate_status> all;
    all.reserve(entries_.size());
    for (const auto& [name, who] : entries_) {
        all.push_back(status_of(*who, parts_));
    }
    return all;
}

std::optional<certificate_status> engine_impl::show(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? std::nullopt : std::optional(status_of(*found->second, parts_));
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
                         .certificate = who.machine.wanted.name,
                         .message = std::move(message),
                         .fields = std::move(fields)};
    parts_.events.emit(happened);
}

std::unique_ptr<engine> make_engine(const asio::any_io_executor& executor, engine_parts parts) {
    return std::make_unique<engine_impl>(executor, std::move(parts));
}

} // namespace evercert::lifecycle
