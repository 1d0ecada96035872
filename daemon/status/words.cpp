#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::daemon::status {
namespace {

struct unit {
    milliseconds length;
    std::string_view name;
    std::int64_t from; ///< so many of it are said in it
};
constexpr std::array units{unit{std::chrono::days(1), "day", 2}, unit{std::chrono::hours(1), "hour", 2},
                           unit{std::chrono::minutes(1), "minute", 1}, unit{seconds(1), "second", 1}};

} // namespace

std::string length_in_words(milliseconds how_long) {
    for (const unit& each : units) {
        const std::int64_t number = how_long / each.length;
        if (number >= each.from) {
            return fmt::format("{} {}{}", number, each.name, number == 1 ? "" : "s");
        }
    }
    return "less than a second";
}

std::string in_words(wall_time when, wall_time now) {
    const milliseconds distance = when > now ? when - now : now - when;
    if (distance < seconds(1)) {
        return "now";
    }
    const std::string length = length_in_words(distance);
    return when > now ? "in " + length : length + " ago";
}

std::string date_and_time(wall_time when) {
    const std::string text = format_time(when);
    return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) {
        digits.insert(at - 3, ",");
    }
    return digits;
}

std::string counted(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

void add_time(markup& to, wall_time when, std::string_view text) {
    to.element("time", {{"datetime", format_time(when)}, {"title", date_and_time(when)}}, text);
}

void add_moment(markup& to, wall_time when, wall_time now) {
    to.open("time", {{"datetime", format_time(when)}}).text(date_and_time(when)).close();
    to.text(fmt::format(" ({})", in_words(when, now)));
}

} // namespace evercert::daemon::status
