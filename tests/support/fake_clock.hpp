#pragma once
// Time that a test moves. Timers park here; advancing fires them in order of their moment (ties: order of
// waiting).
#include "core/base/time.hpp"

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>

namespace evercert::testing {

class fake_time : public time_source {
public:
    /// Starts at 2026-11-21T00:00:00Z.
    explicit fake_time(asio::io_context& loop);
    ~fake_time() override;

    [[nodiscard]] wall_time now() const override { return wall_; }
    [[nodiscard]] steady_time steady_now() const override { return steady_; }
    std::unique_ptr<timer> make_timer() override;

    /// Runs the loop until nothing is ready, moves to the next parked timer within `how_long`, and so on;
    /// ends with both clocks exactly `how_long` later.
    void advance(steady_time::duration how_long);
    /// Runs all that is ready without moving time.
    void run_ready();
    /// Advances from timer to timer until `done` returns true; false if `at_most` passed first (or nothing is
    /// left to wait for).
    template <class Predicate>
    bool run_until(Predicate done, steady_time::duration at_most = std::chrono::hours(24 * 400)) {
        const steady_time end = steady_ + at_most;
        run_ready();
        while (!done()) {
            if (!step(end)) {
                return false;
            }
        }
        return true;
    }
    /// Moves only the wall clock, as an administrator or NTP does.
    void jump_wall(milliseconds by) { wall_ += by; }
    [[nodiscard]] std::size_t waiting() const;

private:
    friend class fake_timer;
    struct parked;
    bool step(steady_time end); ///< to the next timer not after `end`; false if there is none
    void move_to(steady_time when);

    asio::io_context& loop_;
    wall_time wall_;
    steady_time steady_{};
    std::shared_ptr<parked> parked_;
};

} // namespace evercert::testing
