#pragma once
// Looks at what a reloaded server serves, until it is the new leaf or time is up.
#include "core/model/verify_target.hpp"
#include "core/ports/event_sink.hpp"
#include "daemon/deploy/deployer.hpp"
#include "daemon/deploy/steps.hpp"

#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace evercert::daemon {

/// What one handshake told.
enum class sighting {
    none,     ///< not looked yet
    fresh,    ///< the new leaf
    old,      ///< one of our older ones: the reload has not arrived
    foreign,  ///< somebody else's certificate: another site answers for that name here
    declined, ///< the server answered and refused the name
    silent,   ///< no answer
};

sighting judge(const result<net::served_certificate>& answer, const deployment_task& task);

/// All handshakes of one run. Workers (any number of `work` coroutines) share it and take turns; it ends when
/// every target is settled, at the latest at the deadline plus one probe.
class verification {
public:
    struct plan {
        std::string deployment;
        std::vector<verify_target> addresses;
        std::vector<shared_task> tasks;
        steady_time deadline;
        deploy_timing timing;
    };
    /// Called once for each task, by its place in the plan, as soon as its verdict is known.
    using verdict_handler = std::function<void(std::size_t task, result<void> verdict)>;

    /// References must outlive it.
    verification(plan what, time_source& time, event_sink& events, tls_probe probe,
                 verdict_handler on_verdict);

    [[nodiscard]] std::size_t targets() const noexcept { return targets_.size(); }
    [[nodiscard]] bool finished() const noexcept { return unsettled_ == 0; }
    /// Waits until finished; for one caller.
    awaitable<void> wait();
    /// One worker. Keeps `self` alive.
    static awaitable<void> work(std::shared_ptr<verification> self);

private:
    struct target {
        std::size_t task = 0;
        verify_target where;
        identifier name;
        bool decisive = true; ///< false for a made-up name under a wildcard: the server need not know it
        unsigned tries = 0;
        sighting seen = sighting::none;
        std::string detail;
    };
    struct progress {
        std::size_t unsettled = 0;
        std::size_t fresh = 0;
        std::vector<std::size_t> targets;
    };
    struct turn {
        steady_time when;
        std::size_t order; ///< first come, first served among equals
        std::size_t target;
        friend bool operator>(const turn& a, const turn& b) {
            return a.when != b.when ? a.when > b.when : a.order > b.order;
        }
    };

    void add_task(std::size_t task);
    void record(std::size_t index, const result<net::served_certificate>& answer);
    void settle(std::size_t index);
    [[nodiscard]] bool final_now(const target& t) const;
    [[nodiscard]] result<void> verdict(const progress& task) const;
    void report_success(std::size_t task) const;
    [[nodiscard]] std::string describe(const target& t) const;

    plan plan_;
    time_source& time_;
    event_sink& events_;
    tls_probe probe_;
    verdict_handler on_verdict_;
    steady_time started_;
    std::vector<target> targets_;
    std::vector<progress> tasks_;
    std::priority_queue<turn, std::vector<turn>, std::greater<>> turns_;
    std::size_t turns_given_ = 0;
    std::size_t unsettled_ = 0; ///< tasks
    std::unique_ptr<timer> done_;
};

} // namespace evercert::daemon
