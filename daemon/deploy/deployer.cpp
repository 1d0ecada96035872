#include "daemon/deploy/deployer.hpp"

#include "core/base/task_group.hpp"
#include "daemon/deploy/steps.hpp"
#include "daemon/deploy/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace evercert::daemon {
namespace {

/// One task at one deployment: shared by the caller, who may be cancelled, and the run it joins, which may
/// not notice.
struct member {
    member(shared_task t, std::unique_ptr<timer> w) : task(std::move(t)), wake(std::move(w)) {}

    void settle(result<void> with) {
        if (!outcome) {
            outcome = std::move(with);
            wake->cancel();
        }
    }

    shared_task task;
    std::unique_ptr<timer> wake;
    std::optional<result<void>> outcome;
    bool abandoned = false;
};
using shared_member = std::shared_ptr<member>;
using batch = std::vector<shared_member>;

void break_off(const batch& members, bool stopping) {
    for (const shared_member& m : members) {
        m->settle(stopping
                      ? fail(errc::cancelled, "the deployment was broken off: the program is stopping")
                      : fail(errc::internal, "the deployment was broken off by a mistake of the program"));
    }
}

/// Whoever waits gets an answer, however the coroutine that owed it ends.
class settle_at_exit {
public:
    settle_at_exit(const batch& members, const bool& stopping) : members_(members), stopping_(stopping) {}
    ~settle_at_exit() { break_off(members_, stopping_); }
    settle_at_exit(const settle_at_exit&) = delete;
    settle_at_exit& operator=(const settle_at_exit&) = delete;

private:
    const batch& members_;
    const bool& stopping_;
};

class abandon_at_exit {
public:
    explicit abandon_at_exit(member& m) : member_(m) {}
    ~abandon_at_exit() { member_.abandoned = true; }
    abandon_at_exit(const abandon_at_exit&) = delete;
    abandon_at_exit& operator=(const abandon_at_exit&) = delete;

private:
    member& member_;
};

class coalescing_deployer final : public server_deployer {
public:
    coalescing_deployer(const asio::any_io_executor& executor, process_runner& runner, time_source& time,
                        event_sink& events, std::map<std::string, deployment> deployments, tls_probe probe,
                        deploy_timing timing, deploy_steps steps, runtime_update runtime,
                        outcome_listener listener)
        : runner_(runner)
        , time_(time)
        , events_(events)
        , deployments_(std::move(deployments))
        , probe_(std::move(probe))
        , timing_(timing)
        , steps_(steps)
        , runtime_(std::move(runtime))
        , listener_(std::move(listener))
        , tasks_(executor,
                 [this](const std::string& task, const std::string& what) { report_bug(task, what); }) {}

    awaitable<result<void>> deploy(deployment_task task) override;
    void configure(std::map<std::string, deployment> deployments) override {
        deployments_ = std::move(deployments);
    }
    awaitable<void> stop() override;

private:
    /// Members that wait for the next run of a deployment. Exists while a `serve` coroutine does.
    using lane = batch;

    void enter(const std::string& name, const shared_member& who);
    awaitable<void> serve(std::string name);
    awaitable<void> gather(std::string name);
    awaitable<void> run_hooks(deployment how, batch members);
    awaitable<void> run_once(deployment how, batch members);
    awaitable<bool> run_programs(deployment how, batch members);
    awaitable<result<void>> bring_in(deployment how, batch members);
    awaitable<void> verify(deployment how, batch members);
    void report(std::string_view id, severity level, const deployment& how, const batch& members,
                std::string message);
    void report_bug(const std::string& task, const std::string& what);

    process_runner& runner_;
    time_source& time_;
    event_sink& events_;
    std::map<std::string, deployment> deployments_;
    tls_probe probe_;
    deploy_timing timing_;
    deploy_steps steps_;
    runtime_update runtime_;
    outcome_listener listener_;
    std::map<std::string, lane> lanes_;
    bool stopping_ = false;
    task_group tasks_;
};

awaitable<result<void>> coalescing_deployer::deploy(deployment_task task) {
    const auto shared = std::make_shared<const deployment_task>(std::move(task));
    for (const std::string& name : shared->deployments) {
        if (stopping_) {
            co_return fail(errc::cancelled, "nothing is deployed any more: the program is stopping");
        }
        const auto self = std::make_shared<member>(shared, time_.make_timer());
        const abandon_at_exit guard(*self);
        enter(name, self);
        while (!self->outcome) {
            co_await self->wake->wait_until(time_.steady_now() + std::chrono::hours(1));
        }
        if (listener_ && (*self->outcome || self->outcome->error().code != errc::cancelled)) {
            listener_(name, self->outcome->has_value());
        }
        if (!*self->outcome) {
            co_return *self->outcome;
        }
    }
    co_return result<void>();
}

void coalescing_deployer::enter(const std::string& name, const shared_member& who) {
    const auto [place, fresh] = lanes_.try_emplace(name);
    place->second.push_back(who);
    if (fresh) {
        tasks_.spawn("deployment " + name, serve(name));
    }
}

awaitable<void> coalescing_deployer::stop() {
    stopping_ = true;
    tasks_.cancel();
    co_await tasks_.join();
    // A lane whose coroutine was cancelled before its first step has told nobody.
    for (auto& [name, waiting] : lanes_) {
        break_off(waiting, stopping_);
    }
    lanes_.clear();
}

/// Runs a deployment as long as somebody waits for it. One run after the other: two reloads of one server at
/// the same time would make it impossible to say which one was seen.
awaitable<void> coalescing_deployer::serve(std::string name) {
    struct closer {
        std::map<std::string, lane>& lanes;
        const std::string& name;
        const bool& stopping;
        ~closer() {
            const auto place = lanes.find(name);
            if (place != lanes.end()) {
                break_off(place->second, stopping);
                lanes.erase(place);
            }
        }
    };
    const closer close{lanes_, name, stopping_};
    while (!lanes_.at(name).empty()) {
        auto how = deployments_.find(name);
        if (how != deployments_.end() && !is_hook(how->second)) {
            co_await gather(name);
            how = deployments_.find(name); // a reload may have changed it meanwhile
        }
        batch members = std::exchange(lanes_.at(name), {});
        std::erase_if(members, [](const shared_member& m) { return m->abandoned; });
        if (members.empty()) {
            continue;
        }
        const settle_at_exit told(members, stopping_);
        if (how == deployments_.end()) {
            for (const shared_member& m : members) {
                m->settle(fail(errc::not_found,
                               fmt::format("there is no deployment {} in the configuration", name)));
            }
            continue;
        }
        if (!is_hook(how->second)) {
            co_await run_once(how->second, members);
        } else if (steps_ == deploy_steps::looks) { // a hook's exit code decides, which was seen elsewhere
            for (const shared_member& m : members) {
                m->settle(result<void>());
            }
        } else {
            co_await run_hooks(how->second, members);
        }
    }
}

/// A single task is not kept waiting for long. Where several come, as when many certificates are renewed
/// together, the reload is put off until no more do; a look at what is served needs no such patience.
awaitable<void> coalescing_deployer::gather(std::string name) {
    const steady_time end = time_.steady_now() + timing_.longest_window;
    std::size_t seen = 1;
    co_await sleep_for(time_, timing_.window);
    while (steps_ != deploy_steps::looks && lanes_.at(name).size() > seen && time_.steady_now() < end) {
        seen = lanes_.at(name).size();
        const auto left = std::chrono::ceil<milliseconds>(end - time_.steady_now());
        co_await sleep_for(time_, std::min(timing_.lull, left));
    }
}

awaitable<void> coalescing_deployer::run_hooks(deployment how, batch members) {
    for (const shared_member& m : members) {
        if (m->abandoned) {
            continue;
        }
        std::vector<shared_task> one{m->task};
        auto outcome = co_await run_reload(runner_, how, std::move(one));
        if (outcome) {
            const batch just_this{m};
            report("deploy.hook_ran", severity::info, how, just_this, "the hook ran");
        }
        m->settle(std::move(outcome));
    }
}

awaitable<void> coalescing_deployer::run_once(deployment how, batch members) {
    if (steps_ != deploy_steps::looks) {
        const bool done = co_await run_programs(how, members);
        if (!done) {
            co_return;
        }
    }
    if (steps_ != deploy_steps::programs && !how.verify.empty()) {
        co_await verify(how, members);
        co_return;
    }
    for (const shared_member& m : members) {
        m->settle(result<void>());
    }
}

/// False when a step failed, which all members have been told.
awaitable<bool> coalescing_deployer::run_programs(deployment how, batch members) {
    auto outcome = co_await run_config_test(runner_, how);
    if (outcome && !how.test.empty()) {
        report("deploy.tested", severity::debug, how, members, "the server accepts its configuration");
    }
    if (outcome) {
        outcome = co_await bring_in(how, members);
    }
    if (!outcome) {
        for (const shared_member& m : members) {
            m->settle(outcome);
        }
    }
    co_return outcome.has_value();
}

/// Through the server's runtime API where it has one and that is enough, else by a reload.
awaitable<result<void>> coalescing_deployer::bring_in(deployment how, batch members) {
    std::vector<shared_task> tasks;
    for (const shared_member& m : members) {
        tasks.push_back(m->task);
    }
    std::string done = "the server was reloaded";
    if (!how.runtime.empty() && runtime_) {
        const auto updated = co_await runtime_(how.runtime, tasks, how.timeout);
        if (updated) {
            report("deploy.updated", severity::info, how, members,
                   fmt::format("the running server was given {} without a reload",
                               *updated == 1 ? "the new file" : fmt::format("{} new files", *updated)));
            co_return result<void>();
        }
        done = fmt::format("the server was reloaded, because {}", updated.error().text());
    }
    if (reload_argv(how).empty()) {
        co_return result<void>();
    }
    auto reloaded = co_await run_reload(runner_, how, std::move(tasks));
    if (reloaded) {
        report("deploy.reloaded", severity::info, how, members, std::move(done));
    }
    co_return reloaded;
}

awaitable<void> coalescing_deployer::verify(deployment how, batch members) {
    verification::plan plan;
    plan.deployment = how.name;
    plan.deadline = time_.steady_now() + how.timeout;
    plan.timing = timing_;
    plan.addresses = how.verify;
    for (const shared_member& m : members) {
        plan.tasks.push_back(m->task);
    }
    auto on_verdict = [members](std::size_t task, result<void> verdict) {
        members[task]->settle(std::move(verdict));
    };
    const auto looking =
        std::make_shared<verification>(std::move(plan), time_, events_, probe_, std::move(on_verdict));
    const std::size_t workers = std::min(timing_.probes_at_once, looking->targets());
    for (std::size_t i = 0; i < workers; ++i) {
        tasks_.spawn("looking at " + how.name, verification::work(looking));
    }
    co_await looking->wait();
}

void coalescing_deployer::report(std::string_view id, severity level, const deployment& how,
                                 const batch& members, std::string message) {
    event e;
    e.id = id;
    e.level = level;
    if (members.size() == 1) {
        e.certificate = members.front()->task->certificate;
    }
    e.message = std::move(message);
    e.fields.emplace_back("deployment", how.name);
    e.fields.emplace_back("certificates", std::to_string(members.size()));
    events_.emit(e);
}

void coalescing_deployer::report_bug(const std::string& task, const std::string& what) {
    event e;
    e.id = "internal.error";
    e.level = severity::error;
    e.message = fmt::format("unexpected exception in {}: {}", task, what);
    events_.emit(e);
}

} // namespace

std::unique_ptr<server_deployer> make_deployer(const asio::any_io_executor& executor, process_runner& runner,
                                               time_source& time, event_sink& events,
                                               std::map<std::string, deployment> deployments, tls_probe probe,
                                               deploy_timing timing, deploy_steps steps,
                                               runtime_update runtime, outcome_listener listener) {
    return std::make_unique<coalescing_deployer>(executor, runner, time, events, std::move(deployments),
                                                 std::move(probe), timing, steps, std::move(runtime),
                                                 std::move(listener));
}

} // namespace evercert::daemon
