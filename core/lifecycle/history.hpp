#pragma once
// The activity record: what happened to each certificate, for `evercert history` and `evercert explain`.
#include "core/base/event.hpp"
#include "core/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert::lifecycle {

/// One thing that happened, as it was recorded.
struct history_line {
    wall_time time;          ///< whole seconds
    std::string certificate; ///< empty: it concerned an issuer or the daemon
    std::string event;       ///< its stable id
    severity level = severity::info;
    std::string message; ///< one sentence; what is foreign in it was escaped
    std::vector<std::pair<std::string, std::string>> fields; ///< values are raw, foreign text

    friend bool operator==(const history_line&, const history_line&) = default;
};

/// Whether an operator wants to find this in the record later: no debugging, not every step of an issuance.
bool worth_keeping(const event& what) noexcept;
/// Whether that can be true of any event of this level.
constexpr bool may_be_kept(severity level) noexcept {
    return level >= severity::info;
}

/// Long messages and values are cut, so that one event cannot push all others out of the record.
history_line make_history_line(const event& what, wall_time now);

/// {"time","event","level","message","fields":{...}} without a line end; the file's name says which
/// certificate.
std::string to_json(const history_line& line);
/// nullopt if it is not such a line.
std::optional<history_line> history_line_from_json(std::string_view certificate, std::string_view text);

} // namespace evercert::lifecycle
