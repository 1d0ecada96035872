#pragma once
// What `evercert watch` shows: lines from snapshots. Pure.
#include "core/lifecycle/engine.hpp"
#include "daemon/control/screen.hpp"
#include "daemon/status/query.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace evercert::daemon {

struct watch_settings {
    status::order sort = status::order::state; ///< what matters first
    std::string filter;                        ///< lower case
    bool typing = false;                       ///< the filter
    std::size_t top = 0;                       ///< first certificate shown
    std::size_t columns = 0;                   ///< 0: no limit
    std::size_t rows = 0;                      ///< 0: no limit, and no help for keys
    std::string trouble;                       ///< why what is shown is old; safe to print
};

/// A summary of all, then certificates, those in trouble with what is wrong and what comes next. `top` is
/// moved so that no screen is empty.
std::vector<screen_line> watch_view(const std::vector<lifecycle::certificate_status>& all,
                                    watch_settings& settings, wall_time now);

} // namespace evercert::daemon
