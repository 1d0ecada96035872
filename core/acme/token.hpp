#pragma once
// Text that may go into a path or a header because of its alphabet.
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace evercert::acme {

/// 1 to `longest` characters of [A-Za-z0-9_-]: no path, header or shell meaning can hide in it.
inline bool is_base64url_text(std::string_view text, std::size_t longest) noexcept {
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    });
}

/// A challenge token (RFC 8555 section 8.1).
inline bool good_token(std::string_view text) noexcept {
    return is_base64url_text(text, 512);
}

} // namespace evercert::acme
