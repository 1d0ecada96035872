#include "core/acme/json_read.hpp"

#include <algorithm>

namespace evercert::acme {

std::string text_or_empty(const json::value& object, std::string_view member, std::size_t limit) {
    auto text = object.optional_string(member);
    if (!text || !*text) {
        return {};
    }
    if ((*text)->size() > limit) {
        (*text)->resize(limit);
    }
    return std::move(**text);
}

std::string link_or_empty(const json::value& object, std::string_view member) {
    constexpr std::size_t longest_link = 2048;
    std::string text = text_or_empty(object, member, longest_link + 1);
    const bool clean = text.size() <= longest_link &&
                       std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    return clean && (text.starts_with("https://") || text.starts_with("http://")) ? text : std::string();
}

std::optional<wall_time> time_or_none(const json::value& object, std::string_view member) {
    const auto moment = parse_rfc3339(text_or_empty(object, member, 64));
    return moment ? std::optional(*moment) : std::nullopt;
}

} // namespace evercert::acme
