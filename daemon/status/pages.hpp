#pragma once
// The pages for people. Pure: everything is given.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/status/query.hpp"
#include "daemon/status/survey.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon::status {

/// Of the daemon itself.
struct daemon_facts {
    std::string version;
    wall_time started{};
    wall_time configured{};             ///< since when the configuration is in force
    bool configuration_refused = false; ///< a newer one had mistakes
    std::vector<std::string> listeners;
};

inline constexpr std::size_t rows_per_page = 100;
inline constexpr std::size_t most_troubles = 10; ///< told on the overview
inline constexpr std::size_t most_activity = 20;

/// A certificate that somebody has to look at, and why.
struct trouble {
    lifecycle::certificate_status one;
    explanation why;
};

struct overview {
    daemon_facts daemon;
    wall_time now{};
    query asked;
    std::shared_ptr<const survey> everything;         ///< whatever is searched for
    std::vector<trouble> troubles;                    ///< the worst, at most `most_troubles`
    std::vector<lifecycle::certificate_status> shown; ///< of the page asked for, in its order
    chosen_rows chosen;                               ///< how many there are and which page this is
    std::vector<lifecycle::history_line> recent;      ///< newest last
};
std::string overview_page(const overview& what);

struct portrait {
    daemon_facts daemon;
    wall_time now{};
    lifecycle::certificate_status one;
    explanation why;
    std::vector<lifecycle::history_line> history; ///< newest last
};
std::string certificate_page(const portrait& what);

/// For what is not there.
std::string missing_page(const daemon_facts& daemon, wall_time now);

/// The Content-Security-Policy that fits these pages.
const std::string& content_policy();

} // namespace evercert::daemon::status
