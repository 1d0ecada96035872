#include "core/lifecycle/due.hpp"

#include <fmt/format.h>

namespace evercert::lifecycle {

using std::chrono::days;

renewal_window window_of(wall_time not_before, wall_time not_after) {
    const milliseconds lifetime = std::max(milliseconds(0), not_after - not_before);
    const bool is_short = lifetime < days(10);
    const milliseconds until_open = is_short ? lifetime / 2 : lifetime / 3 * 2;
    const milliseconds width = is_short ? lifetime / 10 : std::min<milliseconds>(days(1), lifetime / 20);
    return renewal_window{
        not_before + until_open, not_before + until_open + width,
        fmt::format("at {} of its lifetime of {}", is_short ? "1/2" : "2/3", format_duration(lifetime))};
}

wall_time pick(const renewal_window& window, random_source& random) {
    return window.opens + milliseconds(random.between(0, (window.closes - window.opens).count()));
}

wall_time latest_renewal(wall_time not_before, wall_time not_after) {
    const milliseconds lifetime = std::max(milliseconds(0), not_after - not_before);
    return not_before + (lifetime < days(10) ? lifetime / 4 * 3 : lifetime / 6 * 5);
}

} // namespace evercert::lifecycle
