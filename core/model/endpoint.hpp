#pragma once
#include "core/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evercert {

/// An IP address and port as configuration writes them: "0.0.0.0:80", "[::]:80", "127.0.0.1:5002".
struct endpoint {
    std::string address; ///< IPv4 or IPv6 without brackets
    std::uint16_t port = 0;

    friend bool operator==(const endpoint&, const endpoint&) = default;
    friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

result<endpoint> parse_endpoint(std::string_view text);
std::string to_string(const endpoint& where);
/// Reachable from this machine only: 127.0.0.0/8 and ::1.
[[nodiscard]] bool is_loopback(const endpoint& where) noexcept;

} // namespace evercert
