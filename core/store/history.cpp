// The history part of the repository.
#include "core/json/value.hpp"
#include "core/store/layout.hpp"
#include "core/store/repository.hpp"

#include <algorithm>

namespace evercert::storage {
namespace {

/// What is read at most: appending checks the size each time, so more is not of our making.
constexpr std::size_t most_read = 16 * repository::history_limit;

/// The newer half, from the start of a line on; at least the last line, if that is no monster.
std::string_view newer_half(std::string_view text) {
    const std::size_t wanted = repository::history_limit / 2;
    if (text.size() <= wanted) {
        return text;
    }
    std::size_t start = text.find('\n', text.size() - wanted - 1) + 1;
    if (start == text.size()) {
        start = text.rfind('\n', text.size() - 2) + 1; // 0 if there is only one line
    }
    return text.size() - start <= repository::history_limit ? text.substr(start) : std::string_view();
}

} // namespace

result<void> repository::append_history(std::string_view certificate, std::string_view lines) {
    if (auto safe = check_name(certificate); !safe) {
        return safe;
    }
    if (lines.empty()) {
        return {};
    }
    std::string ended;
    if (!lines.ends_with('\n')) {
        lines = ended.append(lines).append("\n");
    }
    const std::string path = layout::history(certificate);
    const auto size = files_.append(path, lines);
    if (!size) {
        return fail(size.error());
    }
    if (*size > history_limit) {
        // The lines are written, so what goes wrong here is no failure: the next call tries it again.
        if (const auto text = files_.read(path, most_read); text && *text) {
            [[maybe_unused]] const auto cut = files_.write(path, newer_half(**text));
        } else if (!text && text.error().code == errc::too_large) {
            [[maybe_unused]] const auto begun_anew = files_.write(path, newer_half(lines));
        }
    }
    return {};
}

result<std::vector<std::string>> repository::read_history(std::string_view certificate) const {
    if (auto safe = check_name(certificate); !safe) {
        return fail(std::move(safe.error()));
    }
    auto text = files_.read(layout::history(certificate), most_read);
    if (!text) {
        return fail(std::move(text.error()));
    }
    std::vector<std::string> lines;
    std::string_view rest = *text ? std::string_view(**text) : std::string_view();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        if (const auto parsed = json::parse(line); parsed && parsed->is_object()) {
            lines.emplace_back(line);
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

} // namespace evercert::storage
