#pragma once
// What evercertd and evercert-deploy say to each other on the Unix socket: a line there, lines of JSON back.
#include "core/base/error.hpp"
#include "core/base/event.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace evercert::daemon {

inline constexpr std::size_t longest_request = 256; ///< its "\n" included
inline constexpr std::size_t longest_answer_line = 64 * 1024;
inline constexpr std::size_t longest_answer = 1024 * 1024;

/// "deploy NAME\n"
std::string deploy_request(std::string_view certificate);
/// The name, from all that was received so far; nullopt if the line is not complete. errc::too_large,
/// errc::protocol (another verb, bytes behind the line) or errc::invalid_argument (a name that cannot be
/// one).
result<std::optional<std::string>> parse_request(std::string_view received);

/// {"event", "level", "certificate" (if one), "message", "fields": {...}} and "\n"; cut to fit the longest
/// line.
std::string event_line(const event& what);
/// {"result":"ok"} or {"result":"failed","code","message"}, and "\n". Foreign text is escaped into the
/// message.
std::string result_line(const result<void>& outcome);

/// One line of an answer: what happened, or what came of it, which is the last.
struct verdict {
    result<void> outcome;
};
using answer_line = std::variant<event, verdict>;
/// `line` is without "\n". Events that this build does not know are told as deploy.helper.
result<answer_line> parse_answer(std::string_view line);

} // namespace evercert::daemon
