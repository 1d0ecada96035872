#include "daemon/control/labels.hpp"

#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

constexpr std::size_t indent = 16;
/// A terminal narrower than this is left to wrap by itself.
constexpr std::size_t narrowest = 60;

} // namespace

void labels::add(std::string_view label, std::string_view text) {
    if (text.empty()) {
        return;
    }
    out_ += fmt::format("{:<{}} ", label, indent - 1);
    const std::size_t room = width_ >= narrowest ? width_ - indent : std::string::npos;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string word(text.substr(0, end));
        const std::size_t length = display_width(word);
        if (used > 0 && (used >= room || length >= room - used)) {
            out_ += '\n' + std::string(indent, ' ');
            used = 0;
        } else if (used > 0) {
            out_ += ' ';
            ++used;
        }
        out_ += word;
        used += length;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    out_ += '\n';
}

void labels::add_time(std::string_view label, const std::optional<wall_time>& when, wall_time now) {
    if (when) {
        add(label, fmt::format("{} ({})", format_time(*when), relative(*when, now)));
    }
}

} // namespace evercert::daemon
