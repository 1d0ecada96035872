#include "core/base/time.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace evercert {
namespace {

using namespace std::chrono;

/// Digits only, exactly `length` of them.
bool take_number(std::string_view& text, std::size_t length, int& out) {
    if (text.size() < length) {
        return false;
    }
    out = 0;
    for (std::size_t i = 0; i < length; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        out = out * 10 + (text[i] - '0');
    }
    text.remove_prefix(length);
    return true;
}

bool take(std::string_view& text, std::string_view literal) {
    if (!text.starts_with(literal)) {
        return false;
    }
    text.remove_prefix(literal.size());
    return true;
}

bool take_month(std::string_view& text, int& month) {
    static constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (take(text, names[i])) {
            month = static_cast<int>(i) + 1;
            return true;
        }
    }
    return false;
}

struct civil {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

result<wall_time> to_wall(const civil& c, std::string_view text) {
    const year_month_day date{year{c.year}, month{static_cast<unsigned>(c.month)},
                              day{static_cast<unsigned>(c.day)}};
    // 60 is a leap second (RFC 3339 section 5.7): taken as the second that follows.
    if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) {
        return fail(errc::parse, "not a date and time that exists", std::string(text));
    }
    return wall_time(sys_days(date) + hours(c.hour) + minutes(c.minute) + std::chrono::seconds(c.second));
}

bool take_clock(std::string_view& text, civil& c) {
    return take_number(text, 2, c.hour) && take(text, ":") && take_number(text, 2, c.minute) &&
           take(text, ":") && take_number(text, 2, c.second);
}

} // namespace

awaitable<bool> sleep_for(time_source& time, steady_time::duration how_long) {
    auto sleeper = time.make_timer();
    co_return co_await sleeper->wait_until(time.steady_now() + how_long);
}

std::string format_time(wall_time when) {
    const auto day = floor<days>(when);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<std::chrono::seconds>(when - day));
    // By hand: every record and every line of the log has some of these.
    std::string text = "0000-00-00T00:00:00Z";
    const auto put = [&text](std::size_t last, int digits, std::int64_t number) {
        for (; digits > 0; --digits, --last, number /= 10) {
            text[last] = static_cast<char>('0' + number % 10);
        }
    };
    put(3, 4, std::clamp(static_cast<int>(date.year()), 0, 9999));
    put(6, 2, static_cast<unsigned>(date.month()));
    put(9, 2, static_cast<unsigned>(date.day()));
    put(12, 2, clock.hours().count());
    put(15, 2, clock.minutes().count());
    put(18, 2, clock.seconds().count());
    return text;
}

result<wall_time> parse_rfc3339(std::string_view text) {
    const std::string_view whole = text;
    civil c;
    const bool date_ok = take_number(text, 4, c.year) && take(text, "-") && take_number(text, 2, c.month) &&
                         take(text, "-") && take_number(text, 2, c.day) &&
                         (take(text, "T") || take(text, "t") || take(text, " ")) && take_clock(text, c);
    if (!date_ok) {
        return fail(errc::parse, "not an RFC 3339 time", std::string(whole.substr(0, 64)));
    }
    int millis = 0;
    if (take(text, ".")) {
        int scale = 100;
        bool any = false;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            millis += (text.front() - '0') * scale;
            scale /= 10;
            text.remove_prefix(1);
            any = true;
        }
        if (!any) {
            return fail(errc::parse, "not an RFC 3339 time", std::string(whole.substr(0, 64)));
        }
    }
    minutes offset{0};
    if (!take(text, "Z") && !take(text, "z")) {
        const bool minus = text.starts_with("-");
        int h = 0;
        int m = 0;
        if (!(take(text, "+") || take(text, "-")) || !take_number(text, 2, h) || !take(text, ":") ||
            !take_number(text, 2, m) || h > 23 || m > 59) {
            return fail(errc::parse, "not an RFC 3339 time", std::string(whole.substr(0, 64)));
        }
        offset = minutes(h * 60 + m) * (minus ? -1 : 1);
    }
    if (!text.empty()) {
        return fail(errc::parse, "not an RFC 3339 time", std::string(whole.substr(0, 64)));
    }
    auto when = to_wall(c, whole);
    if (when) {
        *when += milliseconds(millis) - offset;
    }
    return when;
}

result<wall_time> parse_http_date(std::string_view text) {
    const std::string_view whole = text;
    auto refuse = [&] { return fail(errc::parse, "not an HTTP date", std::string(whole.substr(0, 64))); };
    civil c;
    const auto comma = text.find(',');
    if (comma == std::string_view::npos) {
        // asctime: "Sun Nov  6 08:49:37 1994"
        if (text.size() < 24) {
            return refuse();
        }
        text.remove_prefix(4);
        if (!take_month(text, c.month) || !take(text, " ")) {
            return refuse();
        }
        const bool day_ok = take(text, " ") ? take_number(text, 1, c.day) : take_number(text, 2, c.day);
        if (!day_ok || !take(text, " ") || !take_clock(text, c) || !take(text, " ") ||
            !take_number(text, 4, c.year) || !text.empty()) {
            return refuse();
        }
        return to_wall(c, whole);
    }
    text.remove_prefix(comma + 1);
    if (!take(text, " ") || !take_number(text, 2, c.day)) {
        return refuse();
    }
    const bool imf =
        text.starts_with(" "); // "Sun, 06 Nov 1994 08:49:37 GMT", else RFC 850 "Sunday, 06-Nov-94 ..."
    if (!take(text, imf ? " " : "-") || !take_month(text, c.month) || !take(text, imf ? " " : "-")) {
        return refuse();
    }
    if (!take_number(text, imf ? 4 : 2, c.year)) {
        return refuse();
    }
    if (!imf) {
        c.year += c.year < 70 ? 2000 : 1900;
    }
    if (!take(text, " ") || !take_clock(text, c) || !take(text, " GMT") || !text.empty()) {
        return refuse();
    }
    return to_wall(c, whole);
}

std::string format_duration(milliseconds how_long) {
    if (how_long < milliseconds(0)) {
        return "-" + format_duration(how_long == milliseconds::min() ? milliseconds::max() : -how_long);
    }
    if (how_long < std::chrono::seconds(1)) {
        return std::to_string(how_long.count()) + "ms";
    }
    const std::array<std::pair<std::int64_t, char>, 4> units{
        {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
    std::int64_t left = how_long.count() / 1000;
    std::string out;
    int shown = 0;
    for (const auto& [size, letter] : units) {
        if (left >= size && shown < 2) {
            out.append(shown > 0 ? " " : "").append(std::to_string(left / size)).push_back(letter);
            left %= size;
            ++shown;
        } else if (shown == 1) {
            break; // "3d" rather than "3d 12s"
        }
    }
    return out;
}

} // namespace evercert
