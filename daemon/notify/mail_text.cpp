#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "daemon/notify/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_line = 900; // RFC 5322 section 2.1.1 has 998
constexpr std::size_t longest_value = 800;
constexpr std::size_t base64_line = 76; // RFC 2045 section 6.8

/// What may stand in a header: no line end ever comes through here.
std::string header_value(std::string_view text) {
    std::string value(text.substr(0, longest_value));
    std::ranges::replace_if(value, [](char c) { return c < ' ' || c > '~'; }, '?');
    return value;
}

/// RFC 5322 section 3.3: "Sun, 22 Nov 2026 22:15:39 +0000".
std::string mail_date(wall_time when) {
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(when - day));
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                       days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

bool goes_as_it_is(std::string_view text) {
    std::size_t length = 0;
    for (const char c : text) {
        length = c == '\n' ? 0 : length + 1;
        if (length > longest_line || (c != '\n' && (c < ' ' || c > '~'))) {
            return false;
        }
    }
    return true;
}

std::string in_base64(std::string_view text) {
    // CRLF is what a line end is in MIME's canonical form (RFC 2049 section 4).
    std::string canonical;
    for (const char c : text) {
        canonical += c == '\n' ? "\r\n" : std::string(1, c);
    }
    const std::string encoded = crypto::base64(canonical);
    std::string lines;
    for (std::size_t at = 0; at < encoded.size(); at += base64_line) {
        lines += encoded.substr(at, base64_line) + "\n";
    }
    return lines;
}

} // namespace

std::string mail_text(const message& what, const config::mail_channel& how, const std::string& host) {
    const bool plain = goes_as_it_is(what.text);
    const std::string from = how.from.empty() ? "evercert@" + host : how.from;
    std::string mail;
    const auto header = [&mail](std::string_view name, std::string_view value) {
        mail += fmt::format("{}: {}\n", name, header_value(value));
    };
    header("Date", mail_date(what.created));
    header("From", fmt::format("evercert <{}>", from));
    mail += "To: ";
    for (std::size_t i = 0; i < how.to.size(); ++i) {
        mail += (i == 0 ? "" : ",\n ") + header_value(how.to[i]);
    }
    mail += "\n";
    header("Subject", fmt::format("evercert on {}: {}", host, what.subject));
    header("Message-ID", fmt::format("<{}@{}>", what.id, host));
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", plain ? "7bit" : "base64");
    header("Auto-Submitted", "auto-generated"); // RFC 3834: no vacation notices, please
    return mail + "\n" + (plain ? what.text : in_base64(what.text));
}

} // namespace evercert::daemon
