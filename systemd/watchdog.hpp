#pragma once
// WatchdogSec= of the unit: silence for that long and the manager restarts us.
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "systemd/notifier.hpp"

#include <optional>

namespace evercert::systemd {

/// What the manager expects of this process (sd_watchdog_enabled(3)), or nullopt. Takes the variables out of
/// the environment.
std::optional<std::chrono::microseconds> watchdog_interval();

/// Pings three times an interval, for ever: ends by cancellation only. It runs on the event loop, so a ping
/// proves that the loop makes progress. Both references must outlive it.
awaitable<void> keep_watchdog(time_source& time, const notifier& manager, std::chrono::microseconds interval);

} // namespace evercert::systemd
