#pragma once
// Why a certificate is where it is, and what an operator should do about it: sentences from a snapshot. Pure.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace evercert::daemon {

/// One thing that goes wrong. All text is safe to print.
struct explained_trouble {
    std::string subject;                   ///< "ordering at letsencrypt", "deploying to nginx"
    unsigned failures = 0;                 ///< in a row; 0: nothing was tried, it is held back
    std::optional<wall_time> last_failure; ///< when it was tried last
    std::optional<wall_time> until;        ///< nothing is tried before this
    std::string happened;                  ///< the cause in plain words, with the name and the CA's own words
    std::string mend;                      ///< what to do; never empty
    std::vector<std::string> links;        ///< https addresses that the CA gives
};

struct explanation {
    std::string name;
    std::string state;                           ///< one sentence
    std::vector<explained_trouble> troubles;     ///< the latest first
    std::string next;                            ///< one sentence: when, what and why
    std::vector<std::string> links;              ///< why the CA wants it renewed, if it says so
    std::vector<lifecycle::history_line> recent; ///< the last few of its record, newest last
};

explanation explain(const lifecycle::certificate_status& one,
                    const std::vector<lifecycle::history_line>& history, wall_time now);

/// For people; lines are broken at `width`, 0 is no limit.
std::string explanation_view(const explanation& what, wall_time now, std::size_t width);

} // namespace evercert::daemon
