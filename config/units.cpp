#include "config/units.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace evercert::config {
namespace {

struct unit_of_measure {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array<unit_of_measure, 5> duration_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::array<unit_of_measure, 13> size_units{{{"", 1},
                                                      {"B", 1},
                                                      {"k", 1LL << 10U},
                                                      {"K", 1LL << 10U},
                                                      {"KiB", 1LL << 10U},
                                                      {"M", 1LL << 20U},
                                                      {"MiB", 1LL << 20U},
                                                      {"G", 1LL << 30U},
                                                      {"GiB", 1LL << 30U},
                                                      {"kB", 1000},
                                                      {"KB", 1000},
                                                      {"MB", 1'000'000},
                                                      {"GB", 1'000'000'000}}};

/// Digits in front of `text`, taken off it; nothing if there are none or too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
    if (text.empty() || text.front() < '0' || text.front() > '9') {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return value;
}

/// A decimal number without sign or exponent: "0.66", "66".
std::optional<double> take_decimal(std::string_view& text) {
    const auto whole = take_number(text);
    if (!whole) {
        return std::nullopt;
    }
    auto value = static_cast<double>(*whole);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        double weight = 0.1;
        if (text.empty() || text.front() < '0' || text.front() > '9') {
            return std::nullopt;
        }
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9';
             text.remove_prefix(1), weight /= 10) {
            value += weight * (text.front() - '0');
        }
    }
    return value;
}

std::string shown(std::string_view text) {
    return escape(text, 80);
}

constexpr std::int64_t largest_count = 1'000'000;
constexpr std::int64_t longest_period = 3650 * duration_units.front().factor;

std::unexpected<error> not_a_rate(std::string_view text, std::string_view why) {
    return fail(errc::invalid_argument,
                fmt::format("\"{}\" is not a rate ({}); write it like 300/3h or 20 / 1s, or "
                            "off for no limit",
                            shown(text), why));
}

} // namespace

result<milliseconds> parse_duration(std::string_view text) {
    auto refuse = [&](std::string_view why) {
        return fail(
            errc::invalid_argument,
            fmt::format("\"{}\" is not a duration ({}); write it like 500ms, 30s, 5m, 2h, 10d or 1h30m",
                        shown(text), why));
    };
    std::string_view rest = text;
    std::int64_t total = 0;
    std::int64_t previous = std::numeric_limits<std::int64_t>::max();
    do {
        const bool digit = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
        const auto number = take_number(rest);
        if (!number) {
            return refuse(digit ? "the number is too large" : "a number is missing");
        }
        const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
        const unit_of_measure* found = nullptr;
        for (const auto& unit : duration_units) {
            found = unit.name == name ? &unit : found;
        }
        if (found == nullptr) {
            return refuse(name.empty() ? "the unit is missing" : "the units are ms, s, m, h and d");
        }
        if (found->factor >= previous) {
            return refuse("units go from large to small");
        }
        previous = found->factor;
        if (*number > (std::numeric_limits<std::int64_t>::max() - total) / found->factor) {
            return refuse("it is too long");
        }
        total += *number * found->factor;
        rest.remove_prefix(name.size());
    } while (!rest.empty());
    return milliseconds(total);
}

result<rate> parse_rate(std::string_view text) {
    if (text == "off") {
        return rate();
    }
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return not_a_rate(text, "there is no \"/\" between a count and a time");
    }
    const std::string_view front = trim(text.substr(0, slash));
    const std::string_view behind = trim(text.substr(slash + 1));
    std::string_view rest = front;
    const bool digits = !front.empty() && front.find_first_not_of("0123456789") == std::string_view::npos;
    const auto count = take_number(rest);
    if (!digits) {
        return not_a_rate(text, "what stands before the \"/\" is not a whole number");
    }
    if (count == 0) {
        return not_a_rate(text, "a count of 0 would let nothing through");
    }
    if (!count || *count > largest_count) {
        return not_a_rate(text, fmt::format("the count is more than {}", largest_count));
    }
    for (const auto& unit : duration_units) {
        if (behind == unit.name) {
            return not_a_rate(text, fmt::format("the time needs its number: {}/1{}", *count, behind));
        }
    }
    const auto period = parse_duration(behind);
    if (!period) {
        return not_a_rate(text, "what stands behind the \"/\" is not a duration such as 1s, 5m, 3h or 7d");
    }
    if (period->count() == 0 || period->count() > longest_period) {
        return not_a_rate(text, "the time goes from 1ms to 3650d");
    }
    return rate{static_cast<unsigned>(*count), *period};
}

result<std::uint64_t> parse_size(std::string_view text) {
    std::string_view rest = text;
    const auto number = take_number(rest);
    for (const auto& unit : size_units) {
        if (number && rest == unit.name &&
            *number <= std::numeric_limits<std::int64_t>::max() / unit.factor) {
            return static_cast<std::uint64_t>(*number * unit.factor);
        }
    }
    return fail(errc::invalid_argument,
                fmt::format("\"{}\" is not a size; write it like 512, 64KiB, 10MiB, 1GiB (or kB, MB, GB)",
                            shown(text)));
}

result<double> parse_fraction(std::string_view text) {
    std::string_view rest = text;
    std::optional<double> value = take_decimal(rest);
    if (value && rest == "%") {
        value = *value / 100;
        rest = {};
    } else if (value && rest.starts_with('/')) {
        rest.remove_prefix(1);
        const auto below = take_decimal(rest);
        value = below && *below > 0 ? std::optional(*value / *below) : std::nullopt;
    }
    if (!value || !rest.empty() || *value > 1) {
        return fail(errc::invalid_argument,
                    fmt::format("\"{}\" is not a share between 0 and 1; write it like 2/3, 0.66 or 66%",
                                shown(text)));
    }
    return *value;
}

std::optional<unsigned> parse_file_mode(std::string_view text) {
    if (text.size() == 4 && text.front() == '0') {
        text.remove_prefix(1);
    }
    if (text.size() != 3 || text.find_first_not_of("01234567") != std::string_view::npos) {
        return std::nullopt;
    }
    unsigned mode = 0;
    for (const char digit : text) {
        mode = mode * 8 + static_cast<unsigned>(digit - '0');
    }
    return (mode & 0400U) != 0 ? std::optional(mode) : std::nullopt;
}

std::optional<bool> to_flag(std::string_view text) {
    if (text == "true" || text == "True" || text == "TRUE") {
        return true;
    }
    if (text == "false" || text == "False" || text == "FALSE") {
        return false;
    }
    return std::nullopt;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, value);
    return ec == std::errc() && stop == end && !text.empty() ? std::optional(value) : std::nullopt;
}

} // namespace evercert::config
