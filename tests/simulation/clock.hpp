#pragma once
// Simulated time, and the loop that runs on it: no threads, no locks, no system calls, because a simulated
// year takes hundreds of millions of steps. The same steps in the same order for the same seed.
#include "core/base/time.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace evercert::simulation {

/// Runs what is ready, in the order in which it became so.
class event_loop {
public:
    /// An Asio executor for it.
    class executor {
    public:
        executor(event_loop& owner, bool queues) noexcept : owner_(&owner), queues_(queues) {}

        [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept;
        [[nodiscard]] executor require(asio::execution::blocking_t::never_t) const noexcept {
            return {*owner_, true};
        }
        [[nodiscard]] executor require(asio::execution::blocking_t::possibly_t) const noexcept {
            return {*owner_, false};
        }
        template <class Work>
        void execute(Work&& work) const {
            if (owner_->running_ && !queues_) {
                auto mine = std::forward<Work>(work);
                mine();
            } else {
                owner_->post(std::forward<Work>(work));
            }
        }
        friend bool operator==(const executor&, const executor&) noexcept = default;

    private:
        event_loop* owner_;
        bool queues_;
    };

    [[nodiscard]] executor get_executor() noexcept { return {*this, false}; }
    void post(std::move_only_function<void()> work) { ready_.push_back(std::move(work)); }
    /// Runs this, then what becomes ready by it.
    template <class Work>
    void run_now(Work work) {
        running_ = true;
        work();
        run_ready();
    }
    /// Runs all of this from inside Asio, which then keeps memory for coroutines at hand.
    void run_inside(const std::function<void()>& everything);
    /// Until nothing is ready.
    void run_ready();
    /// The same with Asio's own services, which joining a task_group waits for: slow, so only when stopping.
    void run_ready_and_services();

private:
    std::vector<std::move_only_function<void()>> ready_;
    asio::io_context services_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    bool running_ = false;
};

/// Timers fire in order of their moment, ties in order of waiting. The daemon's wall clock may be wrong; the
/// CA's never is.
class sim_time final : public time_source {
public:
    sim_time(event_loop& loop, wall_time start) : loop_(loop), wall_(start) {}

    [[nodiscard]] wall_time now() const override { return wall_ + skew_; }
    [[nodiscard]] steady_time steady_now() const override { return steady_; }
    std::unique_ptr<timer> make_timer() override;

    [[nodiscard]] wall_time true_now() const noexcept { return wall_; }
    /// What the daemon's wall clock is ahead of the truth.
    void set_skew(milliseconds ahead) noexcept { skew_ = ahead; }

    /// Something that happens to the world. May be asked for by what happens.
    void at(wall_time when, std::function<void()> what);
    /// Moves to the next moment at which something happens and lets it happen; false, at `end`, if nothing
    /// does before.
    bool step(wall_time end);

private:
    friend class sim_timer;
    struct place {
        steady_time when;
        std::uint64_t turn;
        std::uint32_t seat;
        bool operator<(const place& other) const noexcept {
            return when != other.when ? when > other.when : turn > other.turn;
        }
    };
    /// Where a timer lies; a place in the heap is good as long as its turn is the seat's.
    struct seat {
        class sim_timer* who = nullptr;
        std::uint64_t turn = 0;
    };
    std::uint32_t take_seat(sim_timer& who);
    void park(std::uint32_t number, steady_time when);
    void move_to(steady_time when);

    event_loop& loop_;
    wall_time wall_;
    milliseconds skew_{0};
    steady_time steady_{std::chrono::hours(1)};
    std::priority_queue<place> heap_;
    std::vector<seat> seats_;
    std::vector<std::uint32_t> free_;
    std::uint64_t turns_ = 0;
    std::multimap<wall_time, std::function<void()>> happenings_;
};

} // namespace evercert::simulation
