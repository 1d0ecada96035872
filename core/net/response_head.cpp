#include "core/base/text.hpp"
#include "core/net/message.hpp"
#include "core/net/server_session.hpp"

#include <boost/beast/http/status.hpp>
#include <fmt/compile.h>

#include <array>
#include <chrono>

namespace evercert::net {

namespace {

/// IMF-fixdate (RFC 9110 section 5.6.7); strftime would ask the locale for names.
std::string http_date(wall_time now) {
    static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(now - day));
    return fmt::format(FMT_COMPILE("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT"),
                       days[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

bool is_servers_own(std::string_view name) {
    static constexpr std::array<std::string_view, 5> names = {"content-length", "connection", "date",
                                                              "server", "transfer-encoding"};
    return std::any_of(names.begin(), names.end(), [&](auto n) { return equals_ignoring_case(n, name); });
}

} // namespace

std::optional<std::string> write_response_head(const server_response& response, bool keep_alive,
                                               wall_time now) {
    const auto reason =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
    std::string out;
    out.reserve(256);
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason.data(), reason.size()).append("\r\nDate: ").append(http_date(now));
    out.append("\r\nServer: evercert\r\n");
    for (const auto& [name, value] : response.headers) {
        if (is_servers_own(name)) {
            continue;
        }
        if (!valid_header(name, value)) {
            return std::nullopt;
        }
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (response.more) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (response.status >= 200 && response.status != 204 && response.status != 304) {
        out.append("Content-Length: ").append(std::to_string(response.content().size())).append("\r\n");
    }
    out += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    return out;
}

} // namespace evercert::net
