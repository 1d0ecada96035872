#pragma once
// Tells the service manager where we are (sd_notify(3)).
#include "core/base/time.hpp"

#include <string_view>

namespace evercert::systemd {

/// Every call is one datagram to $NOTIFY_SOCKET; without one, or if it cannot be delivered, nothing happens:
/// a daemon runs the same in the foreground. Never blocks for long, never throws. Texts are cut and kept on
/// one line.
class notifier {
public:
    /// Start-up (or a reload) is complete.
    void ready(std::string_view status) const noexcept;
    /// The line that `systemctl status` shows.
    void status(std::string_view text) const noexcept;
    /// A reload begins; `ready` ends it. `now` must be CLOCK_MONOTONIC, which steady time is.
    void reloading(steady_time now) const noexcept;
    void stopping(std::string_view status) const noexcept;
    /// The loop still turns.
    void watchdog() const noexcept;
};

} // namespace evercert::systemd
