#include "systemd/notifier.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <exception>
#include <string>

namespace evercert::systemd {
namespace {

/// A line break in a status would begin another assignment.
std::string one_line(std::string_view text) {
    return escape(text, 200);
}

template <class MakeState>
void send(MakeState make_state) noexcept {
    try {
        const std::string state = make_state();
        static_cast<void>(sd_notify(0, state.c_str()));
    } catch (const std::exception&) {
        // Out of memory: the manager misses one message, which is better than losing the daemon.
    }
}

} // namespace

void notifier::ready(std::string_view status) const noexcept {
    send([&] { return fmt::format("READY=1\nSTATUS={}", one_line(status)); });
}

void notifier::status(std::string_view text) const noexcept {
    send([&] { return fmt::format("STATUS={}", one_line(text)); });
}

void notifier::reloading(steady_time now) const noexcept {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    send([&] {
        return fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                           duration_cast<microseconds>(now.time_since_epoch()).count());
    });
}

void notifier::stopping(std::string_view status) const noexcept {
    send([&] { return fmt::format("STOPPING=1\nSTATUS={}", one_line(status)); });
}

void notifier::watchdog() const noexcept {
    send([] { return std::string("WATCHDOG=1"); });
}

} // namespace evercert::systemd
