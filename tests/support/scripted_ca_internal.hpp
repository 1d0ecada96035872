#pragma once
// What the parts of the scripted CA share.
#include "tests/support/scripted_ca.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::testing {

inline std::string url_of(std::string_view path) {
    return std::string(scripted_ca::origin) + std::string(path);
}

inline http_response json_answer(unsigned status, std::string body) {
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", "application/json");
    answer.body = std::move(body);
    return answer;
}

/// The number after `prefix`, if the path is of that form.
inline std::optional<std::size_t> numbered(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) {
        return std::nullopt;
    }
    std::size_t number = 0;
    const auto* end = path.data() + path.size();
    const auto [rest, ec] = std::from_chars(path.data() + prefix.size(), end, number);
    return ec == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

/// Whether the object has no other members than these.
inline bool has_only(const json::value& object, std::initializer_list<std::string_view> allowed) {
    return object.is_object() && std::ranges::all_of(object.member_names(), [&](const std::string& name) {
               return std::ranges::find(allowed, name) != allowed.end();
           });
}

} // namespace evercert::testing
