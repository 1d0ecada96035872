#pragma once
// Says what was refused, and cannot be made to fill the log with it.
#include "core/base/time.hpp"
#include "core/ports/event_sink.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evercert::daemon {

/// The first refusals of a minute are warnings of their own (deploy.refused), the others one with their
/// number (deploy.flood) when the minute is over. References must outlive it.
class refusal_log {
public:
    refusal_log(event_sink& events, const time_source& time, std::size_t a_minute = 20)
        : events_(events), time_(time), a_minute_(a_minute) {}

    /// `peer` names who asked. `why` is ours, with foreign text escaped.
    void refuse(std::string_view peer, const std::string& why);
    /// Too many at once: counted, and told by number only.
    void turn_away();
    /// Says what has been counted if its minute is over, or `now_or_never`.
    void tell(bool now_or_never = false);
    [[nodiscard]] bool owes() const noexcept { return counted_ > 0; }

private:
    void begin_minute();

    event_sink& events_;
    const time_source& time_;
    std::size_t a_minute_;
    steady_time began_{};
    bool begun_ = false;
    std::size_t said_ = 0;
    std::size_t counted_ = 0;
};

} // namespace evercert::daemon
