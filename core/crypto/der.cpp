#include "core/crypto/der.hpp"

#include <algorithm>

namespace evercert::crypto::der {
namespace {

unsigned octet(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

/// Two digits.
unsigned pair(std::string_view digits, std::size_t at) {
    return (octet(digits, at) - '0') * 10 + (octet(digits, at + 1) - '0');
}

} // namespace

std::optional<element> reader::next() noexcept {
    constexpr unsigned long_tag = 0x1F;
    if (rest_.size() < 2 || (octet(rest_, 0) & long_tag) == long_tag) {
        return std::nullopt;
    }
    std::size_t header = 2;
    std::size_t length = octet(rest_, 1);
    if (length >= 0x80) {
        const std::size_t octets = length & 0x7FU;
        if (octets == 0 || octets > 4 || rest_.size() < header + octets || octet(rest_, header) == 0) {
            return std::nullopt;
        }
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) {
            length = length << 8U | octet(rest_, header + i);
        }
        header += octets;
        if (length < 0x80) {
            return std::nullopt;
        }
    }
    if (length > rest_.size() - header) {
        return std::nullopt;
    }
    const element found{static_cast<unsigned char>(rest_.front()), rest_.substr(header, length),
                        rest_.substr(0, header + length)};
    rest_.remove_prefix(header + length);
    return found;
}

std::optional<wall_time> read_time(const element& from) noexcept {
    std::string_view text = from.content;
    const std::size_t year_digits = from.type == utc_time ? 2 : 4;
    if ((from.type != utc_time && from.type != generalized_time) || text.size() != year_digits + 11 ||
        !text.ends_with('Z')) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    unsigned year = pair(text, 0);
    if (year_digits == 4) {
        year = year * 100 + pair(text, 2);
    } else {
        year += year >= 50 ? 1900 : 2000;
    }
    text.remove_prefix(year_digits);
    const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(year)),
                                          std::chrono::month(pair(text, 0)), std::chrono::day(pair(text, 2)));
    const unsigned hour = pair(text, 4);
    const unsigned minute = pair(text, 6);
    const unsigned second = pair(text, 8);
    if (!day.ok() || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    return std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           seconds(second);
}

bool shortest_integer(std::string_view content) noexcept {
    if (content.size() < 2) {
        return content.size() == 1;
    }
    const bool next_negative = octet(content, 1) >= 0x80;
    return !(octet(content, 0) == 0x00 && !next_negative) && !(octet(content, 0) == 0xFF && next_negative);
}

} // namespace evercert::crypto::der
