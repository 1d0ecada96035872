// One entry is about the event, not about this source file.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "systemd/journal.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace evercert::systemd {
namespace {

/// syslog(3) numbers, which PRIORITY uses.
int priority(severity level) noexcept {
    switch (level) {
    case severity::debug:
        return 7;
    case severity::info:
        return 6;
    case severity::warning:
        return 4;
    case severity::error:
        return 3;
    }
    return 3;
}

/// One entry stays a reasonable size whatever an event carries. Cut between characters: journalctl shows a
/// field that is not UTF-8 as "[blob data]".
constexpr std::size_t longest_message = 16 * 1024;
constexpr std::size_t longest_value = 4 * 1024;
constexpr std::size_t most_fields = 32;

bool is_ours(std::string_view name) {
    constexpr std::array<std::string_view, 5> ours{"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "EVENT_ID",
                                                   "CERTIFICATE"};
    return std::find(ours.begin(), ours.end(), name) != ours.end();
}

/// Field names are at most 64 of A-Z, 0-9 and "_", not beginning with a digit or "_"
/// (systemd.journal-fields(7)).
std::string field_name(std::string_view raw) {
    std::string name;
    for (const char c : raw.substr(0, 50)) {
        const bool lower = c >= 'a' && c <= 'z';
        const bool fine = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name += lower ? static_cast<char>(c - 'a' + 'A') : fine ? c : '_';
    }
    const bool bad_start =
        name.empty() || name.front() == '_' || (name.front() >= '0' && name.front() <= '9');
    return bad_start || is_ours(name) ? "FIELD_" + name : name;
}

} // namespace

bool journal_stream() {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    if (stream == nullptr) {
        return false;
    }
    const std::string_view text(stream);
    const char* const end = text.data() + text.size();
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    const auto first = std::from_chars(text.data(), end, device);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') {
        return false;
    }
    const auto second = std::from_chars(first.ptr + 1, end, inode);
    struct stat facts{};
    return second.ec == std::errc() && second.ptr == end && ::fstat(STDERR_FILENO, &facts) == 0 &&
           facts.st_dev == device && facts.st_ino == inode;
}

std::vector<std::string> journal_fields(const event& what, std::string_view identifier) {
    std::vector<std::string> out;
    out.push_back(fmt::format("MESSAGE={}", beginning(what.message, longest_message)));
    out.push_back(fmt::format("PRIORITY={}", priority(what.level)));
    out.push_back(fmt::format("SYSLOG_IDENTIFIER={}", identifier));
    out.push_back(fmt::format("EVENT_ID={}", what.id));
    if (!what.certificate.empty()) {
        out.push_back(fmt::format("CERTIFICATE={}", what.certificate));
    }
    for (std::size_t i = 0; i < std::min(what.fields.size(), most_fields); ++i) {
        const auto& [name, value] = what.fields[i];
        out.push_back(fmt::format("{}={}", field_name(name), beginning(value, longest_value)));
    }
    return out;
}

bool send_to_journal(const event& what, std::string_view identifier) noexcept {
    try {
        std::vector<std::string> fields = journal_fields(what, identifier);
        std::vector<iovec> parts;
        parts.reserve(fields.size());
        for (std::string& field : fields) {
            parts.push_back({field.data(), field.size()});
        }
        return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
    } catch (const std::exception&) {
        return false;
    }
}

} // namespace evercert::systemd
