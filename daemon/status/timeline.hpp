#pragma once
// A certificate's life as a line: from issue to expiry, its renewal on it, and now.
#include "core/base/time.hpp"
#include "daemon/status/health.hpp"
#include "daemon/status/html.hpp"

#include <optional>

namespace evercert::daemon::status {

/// Places on the line in thousandths of it, always within 0 and 1000.
struct timeline {
    int now = 0;
    std::optional<int> renewal; ///< nothing is planned within the line's bounds, if none
    bool before = false;        ///< now lies before the line
    bool after = false;         ///< now lies behind it
};

/// Total: also for a life that ends before it begins, lasts for ever, or has not begun.
timeline place_on_line(wall_time from, wall_time until, std::optional<wall_time> renewal, wall_time now);

/// As an SVG that fills the width it is given; says in words what it shows.
void add_timeline(markup& to, const lifecycle::live_certificate& live, std::optional<wall_time> renewal,
                  health how, wall_time now);

} // namespace evercert::daemon::status
