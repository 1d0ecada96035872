#include "systemd/watchdog.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>

namespace evercert::systemd {

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t interval = 0;
    if (sd_watchdog_enabled(1, &interval) <= 0 || interval == 0) {
        return std::nullopt;
    }
    // Longer than a year is as good as a year, and cannot overflow what waits for it.
    constexpr std::chrono::microseconds longest = std::chrono::hours(24 * 365);
    const auto bounded = std::min<std::uint64_t>(interval, static_cast<std::uint64_t>(longest.count()));
    return std::chrono::microseconds(static_cast<std::int64_t>(bounded));
}

awaitable<void> keep_watchdog(time_source& time, const notifier& manager,
                              std::chrono::microseconds interval) {
    // A third, so that one late ping is not yet a restart.
    const auto pause = std::max<std::chrono::microseconds>(interval / 3, milliseconds(1));
    auto sleeper = time.make_timer();
    for (;;) {
        manager.watchdog();
        co_await sleeper->wait_until(time.steady_now() + pause);
    }
}

} // namespace evercert::systemd
