#include "core/acme/retry_after.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace evercert::acme {

std::optional<milliseconds> parse_retry_after(std::string_view value, wall_time now) {
    // No form of either kind is longer; looking at a megabyte of digits would only waste time.
    constexpr std::size_t longest_form = 64;
    value = trim(value);
    if (value.empty() || value.size() > longest_form) {
        return std::nullopt;
    }
    const bool digits = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (digits) {
        std::int64_t total = 0;
        for (const char c : value) {
            total = std::min<std::int64_t>(total * 10 + (c - '0'), 1'000'000'000);
        }
        return std::min<milliseconds>(seconds(total), longest_retry_after);
    }
    const auto moment = parse_http_date(value);
    if (!moment) {
        return std::nullopt;
    }
    return std::clamp<milliseconds>(*moment - now, milliseconds(0), longest_retry_after);
}

} // namespace evercert::acme
