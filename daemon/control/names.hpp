#pragma once
#include <string_view>

namespace evercert::daemon {

/// What a certificate or an issuer may be called where somebody names one: [a-z0-9][a-z0-9._-]*, as long as a
/// DNS name at most. Nothing of that kind leaves a folder or a URL's path.
inline bool is_plain_name(std::string_view name) noexcept {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return !name.empty() && name.size() <= 264 && name.front() != '.' && name.front() != '-' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

} // namespace evercert::daemon
