#include "core/acme/json_read.hpp"

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

std::optional<wall_time> time_or_none(const json::value& object, std::string_view member) {
    const auto moment = parse_rfc3339(text_or_empty(object, member, 64));
    return moment ? std::optional(*moment) : std::nullopt;
}

} // namespace evercert::acme
