#include "core/lifecycle/engine.hpp"

#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "core/lifecycle/deploying.hpp"
#include "core/lifecycle/entry.hpp"
#include "core/lifecycle/inspection.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/ordering.hpp"
#include "core/lifecycle/revoking.hpp"
#include "core/lifecycle/schedule.hpp"

#include <fmt/format.h>

#include <deque>

namespace evercert::lifecycle {
namespace {

/// The schedule is looked at at least this often, so that a wall clock that jumps, or a machine that slept, is noticed.
constexpr milliseconds longest_nap = std::chrono::seconds(60);
/// Certificates whose files are looked at together: start-up stays gentle with 100,000 of them.
constexpr std::size_t concurrent_looks = 64;
/// When an issuer's pause ends, those who waited for it come back spread over this time.
constexpr milliseconds spread_after_pause = std::chrono::minutes(1);
/// A disk that cannot be read is looked at again after this.
constexpr milliseconds unreadable_rest = std::chrono::minutes(1);

class engine_impl final : public engine {
public:
    engine_impl(const asio::any_io_executor& executor, engine_parts parts)
        : parts_(std::move(parts)), tasks_(executor, [this](const auto& task, const auto& what) { report(task, what); }),
          clockwork_(executor, [this](const auto& task, const auto& what) { report(task, what); }),
          alarm_(parts_.time.make_timer()), idle_(parts_.time.make_timer()) {}

    void assign(assignment what) override;
    awaitable<void> settle() override;
    awaitable<void> stop(milliseconds patience) override;
    [[nodiscard]] std::vector<certificate_status> list() const override;
    [[nodiscard]] std::optional<certificate_status> show(std::string_view name) const override;
    result<void> renew(std::string_view name, bool now) override;
    result<void> deploy(std::string_view name) override;
    awaitable<result<void>> revoke(std::string name, std::optional<int> reason) override;

private:
    using entry_ptr = std::shared_ptr<entry>;

    awaitable<void> watch_schedule();
    void start(const entry_ptr& who);
    awaitable<void> drive(entry_ptr who);
    awaitable<void> step(entry_ptr who);
    awaitable<void> look(entry_ptr who);
    awaitable<void> order(entry_ptr who, std::shared_ptr<issuer_session> session);
    awaitable<void> make_live(entry_ptr who);
    void rest(const entry_ptr& who);

    void tell(entry& who, const machine_event& happened);
    teller teller_of(entry_ptr who);
    awaitable<result<void>> take_in(entry_ptr who, machine_event happened);
    awaitable<result<void>> save(entry_ptr who);
    result<void> ask(std::string_view name, const machine_event& wish);

    std::shared_ptr<issuer_session> session_of(const std::string& name);
    void admit_queued(const std::string& issuer);
    [[nodiscard]] bool busy() const;
    void report(const std::string& task, const std::string& what);
    void emit(std::string_view id, severity level, const entry& who, std::string message,
              std::vector<std::pair<std::string, std::string>> fields = {});

    engine_parts parts_;
    std::map<std::string, entry_ptr, std::less<>> entries_;
    std::map<std::string, solver*> solvers_;
    std::map<std::string, issuer> issuers_;
    std::map<std::string, std::shared_ptr<issuer_session>> sessions_;
    std::map<std::string, std::deque<entry_ptr>> queues_; ///< by issuer: due, waiting for a place
    std::deque<entry_ptr> unlooked_;
    std::size_t looking_ = 0;
    schedule schedule_;
    task_group tasks_;
    task_group clockwork_;
    std::unique_ptr<timer> alarm_; ///< of the schedule
    std::unique_ptr<timer> idle_;  ///< of settle()
    bool started_ = false;
    bool settling_ = false; ///< somebody waits for settle(): worth looking over all entries after each run
    bool stopping_ = false;
};

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
        emit("cert.removed", severity::info, *gone, "not configured any more: it is left alone, its files stay");
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
        const bool failing = job.failures > 0 || job.deploy_failures > 0 || (who->held_until && !who->machine.live);
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

// ---- the work on one certificate

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
    case action::look: co_await look(who); break;
    case action::deploy: co_await make_live(who); break;
    case action::wait: break;
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
             fmt::format("version {} is live until {}", machine.live->number, format_time(machine.live->not_after)),
             {{"serial", machine.live->serial}});
    }
}

awaitable<void> engine_impl::order(entry_ptr who, std::shared_ptr<issuer_session> session) {
    const std::string issuer_name = session->settings().name;
    who->phase = state::ordering;
    emit("cert.ordering", severity::info, *who, fmt::format("ordering from {}: {}", issuer_name, who->next.reason),
         {{"issuer", issuer_name}});
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
             {{"serial", fresh->version.serial}, {"issuer", issuer_name}, {"version", fmt::format("{}", fresh->version.number)}});
        co_return; // made durable after the deployment: until then the stored version speaks for itself
    }
    const storage::job_record& job = who->machine.job;
    emit("cert.order_failed", severity::error, *who,
         fmt::format("{} (failure {}, next try {})", job.problem, job.failures, format_time(job.not_before.value_or(parts_.time.now()))),
         {{"issuer", issuer_name}, {"class", job.problem_class}, {"failures", fmt::format("{}", job.failures)}});
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
             {{"version", fmt::format("{}", version)}, {"serial", who->machine.live ? who->machine.live->serial : ""}});
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
    return [this, who](machine_event happened) -> awaitable<result<void>> { return take_in(who, std::move(happened)); };
}

/// Only an accepted order has to be durable before anything else is sent: the rest can be told from the files.
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
        emit("store.record_failed", severity::error, *who, saved.error().within("its record could not be written").text());
    }
    co_return saved;
}

// ---- what people ask for

result<void> engine_impl::ask(std::string_view name, const machine_event& wish) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        return fail(errc::not_found, fmt::format("there is no managed certificate called {}", escape(name, 100)));
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

result<void> engine_impl::renew(std::string_view name, bool now) { return ask(name, renewal_asked{now}); }
result<void> engine_impl::deploy(std::string_view name) { return ask(name, deployment_asked{}); }

awaitable<result<void>> engine_impl::revoke(std::string name, std::optional<int> reason) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        co_return fail(errc::not_found, fmt::format("there is no managed certificate called {}", escape(name, 100)));
    }
    const entry_ptr who = found->second;
    if (who->running || !who->machine.looked || who->phase == state::queued) {
        co_return fail(errc::busy, "it is being worked on now: wait for it to finish and try again");
    }
    if (!who->machine.live) {
        co_return fail(errc::not_found, "it has no live certificate to revoke");
    }
    schedule_.drop(*who);
    who->running = true;
    struct unlock {
        engine_impl& engine;
        entry_ptr entry;
        ~unlock() { engine.rest(entry); }
    } at_the_end{*this, who};
    const std::string issuer_name = who->machine.job.issuer.empty() ? who->machine.wanted.issuer : who->machine.job.issuer;
    if (!issuers_.contains(issuer_name)) {
        co_return fail(errc::not_found, fmt::format("issuer {}, which issued it, is not configured any more", issuer_name));
    }
    auto session = session_of(issuer_name);
    auto done = co_await perform_revocation(who->machine, *session, reason, parts_);
    if (!done) {
        emit("cert.revoke_failed", severity::error, *who, done.error().text());
        co_return done;
    }
    emit("cert.revoked", severity::warning, *who,
         fmt::format("serial {} was revoked at {}", who->machine.live->serial, issuer_name),
         {{"serial", who->machine.live->serial}, {"issuer", issuer_name}});
    tell(*who, revoked{who->machine.live->fingerprint});
    (void)co_await save(who);
    co_return result<void>{};
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
    event mistake{.id = "internal.exception", .level = severity::error, .certificate = {},
                  .message = fmt::format("unexpected exception in {}: {}", task, what), .fields = {}};
    parts_.events.emit(mistake);
}

void engine_impl::emit(std::string_view id, severity level, const entry& who, std::string message,
                       std::vector<std::pair<std::string, std::string>> fields) {
    const event happened{.id = id, .level = level, .certificate = who.machine.wanted.name, .message = std::move(message),
                         .fields = std::move(fields)};
    parts_.events.emit(happened);
}

} // namespace

std::unique_ptr<engine> make_engine(const asio::any_io_executor& executor, engine_parts parts) {
    return std::make_unique<engine_impl>(executor, std::move(parts));
}

} // namespace evercert::lifecycle
