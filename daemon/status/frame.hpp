#pragma once
// Internal to daemon/status: what stands around every page, and pieces that several have.
#include "daemon/status/html.hpp"
#include "daemon/status/pages.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace evercert::daemon::status {

struct frame {
    std::string title;
    std::string address;       ///< of this very page, for loading it anew
    bool refresh = false;      ///< loads itself anew every minute: only when somebody wants that
    std::string other_address; ///< of the page that does, or does not; empty: none
};

/// The document around what `content` writes into <main>.
std::string in_frame(const frame& about, const daemon_facts& daemon, wall_time now,
                     const std::function<void(markup&)>& content);

/// A sign and its word: colour is never the only one to say it.
void add_mark(markup& to, health how);
/// A list of what is wrong, each with what to do about it; texts longer than `length` are cut, 0 is no limit.
void add_troubles(markup& to, const explanation& why, wall_time now, std::size_t most, std::size_t length);
/// What comes next, when and why.
void add_next(markup& to, const lifecycle::certificate_status& one, const explanation& why, wall_time now);
std::string_view words_for(lifecycle::cause why) noexcept;
/// Newest first.
void add_history(markup& to, const std::vector<lifecycle::history_line>& newest_last, std::size_t most,
                 bool of_all, wall_time now);
/// "/certificate/NAME".
std::string address_of(const std::string& certificate);

} // namespace evercert::daemon::status
