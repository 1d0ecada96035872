#pragma once
// The log as configuration asks for it.
#include "config/settings.hpp"
#include "daemon/log/sinks.hpp"

#include <memory>

namespace evercert::daemon {

/// Where a log's lines can go. Tests give their own.
struct log_outlets {
    line_writer lines;                    ///< empty: standard error
    bool journal = false;                 ///< standard error is the journal
    std::string identifier = "evercertd"; ///< in the journal
};
/// Standard error; the journal if $JOURNAL_STREAM says that it is one.
log_outlets standard_outlets();

class log : public event_sink {
public:
    /// Another level or format from the next event on (reload).
    virtual void configure(const config::log_settings& settings) = 0;
};

/// `automatic` is native journal fields where standard error is the journal, text otherwise. `time` must
/// outlive the log.
std::unique_ptr<log> make_log(const config::log_settings& settings, const time_source& time,
                              log_outlets outlets);

} // namespace evercert::daemon
