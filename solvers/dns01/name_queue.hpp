#pragma once
// Calls that change the same name, one after another: an API that knows only whole sets of records is read,
// changed and written, and two at once would lose one's value.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <memory>
#include <string>

namespace evercert::solvers {

/// For one loop thread. Turns may outlive the queue.
class name_queue {
    struct state;

public:
    /// Held until it goes; then the next in the row has its turn.
    class turn {
    public:
        turn() = default;
        turn(turn&& other) noexcept;
        turn& operator=(turn&& other) noexcept;
        ~turn() { leave(); }
        void leave() noexcept;

    private:
        friend class name_queue;
        turn(std::shared_ptr<state> rows, std::string name);
        std::shared_ptr<state> rows_;
        std::string name_;
    };

    explicit name_queue(time_source& time);
    /// First come, first served. errc::timed_out when `deadline` comes first. A cancelled one leaves the row.
    awaitable<result<turn>> enter(std::string name, steady_time deadline);
    [[nodiscard]] std::size_t names() const noexcept; ///< that somebody has the turn of

private:
    time_source& time_;
    std::shared_ptr<state> state_;
};

} // namespace evercert::solvers
