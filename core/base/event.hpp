#pragma once
// An event is one thing that happened. It goes to the log, and later to history, metrics and notifications.
#include "core/base/time.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert {

enum class severity { debug, info, warning, error };
std::string_view to_string(severity level) noexcept;

/// `id` is stable over releases and is what people grep for ("cert.issued"). Field values are raw: whoever
/// writes an event out escapes them for its own format.
struct event {
    std::string_view id;
    severity level = severity::info;
    std::string certificate; ///< name of the managed certificate concerned, or empty
    std::string message;     ///< one sentence for an operator
    std::vector<std::pair<std::string, std::string>> fields;
};

} // namespace evercert
