#pragma once
// The deadline of a socket: one timer for everything that happens on it, instead of one for each operation.
#include "core/base/async.hpp"
#include "core/base/time.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <functional>
#include <memory>

namespace evercert::net {

/// Calls an action once when its time has come; used to close a socket, which ends all operations on it. Loop
/// thread only.
class watchdog {
public:
    explicit watchdog(const asio::any_io_executor& executor);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    /// Replaces what was set before. The action may destroy the watchdog.
    void set(steady_time when, std::function<void()> action);
    void clear();
    /// As `clear`, for one that is set again soon: its timer keeps running, and finds nothing to do.
    void disarm() noexcept;
    /// Whether the time last set has come.
    [[nodiscard]] bool expired() const noexcept;

private:
    struct state;
    static void wait(const std::shared_ptr<state>& on);
    std::shared_ptr<state> state_;
};

/// Sockets live in real time; everything else is given a time_source.
steady_time socket_clock() noexcept;

/// An operation that ended because the coroutine was cancelled is not a failure of the peer: passed on as in
/// Asio.
inline void throw_if_cancelled(const asio::cancellation_state& state) {
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
}

} // namespace evercert::net
