#pragma once
// Time is always passed in: wall time for what certificates and people mean, steady time for waiting.
#include "core/base/async.hpp"
#include "core/base/error.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace evercert {

using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;
using steady_time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A timer that can be waited on by one coroutine at a time.
class timer {
public:
    virtual ~timer() = default;
    /// True when `when` has come, false when `cancel` came first. Cancelling the coroutine throws, as in
    /// Asio.
    virtual awaitable<bool> wait_until(steady_time when) = 0;
    /// Ends a wait early; without a waiting coroutine it does nothing.
    virtual void cancel() = 0;
};

/// The only source of time for everything but sockets. `system_time` is real, tests pass a clock they move.
class time_source {
public:
    virtual ~time_source() = default;
    [[nodiscard]] virtual wall_time now() const = 0;
    [[nodiscard]] virtual steady_time steady_now() const = 0;
    virtual std::unique_ptr<timer> make_timer() = 0;
};

/// Real time, with timers on `executor`.
std::unique_ptr<time_source> make_system_time(const boost::asio::any_io_executor& executor);

/// Waits; true when the time has passed.
awaitable<bool> sleep_for(time_source& time, steady_time::duration how_long);

/// "2026-11-21T23:33:40Z".
std::string format_time(wall_time when);
/// RFC 3339 with any offset and fraction.
result<wall_time> parse_rfc3339(std::string_view text);
/// IMF-fixdate, RFC 850 and asctime forms (RFC 9110 section 5.6.7).
result<wall_time> parse_http_date(std::string_view text);
/// "3d 4h", "12m 5s", "250ms": the two largest units, for people. Negative durations get a leading "-".
std::string format_duration(milliseconds how_long);

} // namespace evercert
