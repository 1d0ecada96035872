#include "core/lifecycle/due.hpp"

#include <algorithm>

namespace evercert::lifecycle {

using std::chrono::days;

namespace {

milliseconds lifetime_of(wall_time not_before, wall_time not_after) {
    return std::max(milliseconds(0), not_after - not_before);
}

bool is_short(milliseconds lifetime) {
    return lifetime < days(10);
}

} // namespace

renewal_window window_of(wall_time not_before, wall_time not_after) {
    const milliseconds lifetime = lifetime_of(not_before, not_after);
    const milliseconds until_open = is_short(lifetime) ? lifetime / 2 : lifetime / 3 * 2;
    const milliseconds width =
        is_short(lifetime) ? lifetime / 10 : std::min<milliseconds>(days(1), lifetime / 20);
    return renewal_window{not_before + until_open, not_before + until_open + width};
}

std::string window_in_words(wall_time not_before, wall_time not_after) {
    const milliseconds lifetime = lifetime_of(not_before, not_after);
    return (is_short(lifetime) ? "at 1/2 of its lifetime of " : "at 2/3 of its lifetime of ") +
           format_duration(lifetime);
}

wall_time pick(const renewal_window& window, random_source& random) {
    return window.opens + milliseconds(random.between(0, (window.closes - window.opens).count()));
}

wall_time latest_renewal(wall_time not_before, wall_time not_after) {
    const milliseconds lifetime = lifetime_of(not_before, not_after);
    return not_before + (is_short(lifetime) ? lifetime / 4 * 3 : lifetime / 6 * 5);
}

} // namespace evercert::lifecycle
