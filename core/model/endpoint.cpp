#include "core/model/endpoint.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <charconv>

namespace evercert {

result<endpoint> parse_endpoint(std::string_view text) {
    auto refuse = [&] {
        return fail(errc::invalid_argument,
                    "an address and port is wanted, such as 0.0.0.0:80, [::]:80 or 127.0.0.1:5002",
                    std::string(text.substr(0, 100)));
    };
    endpoint where;
    std::string_view port;
    if (text.starts_with("[")) {
        const auto close = text.find(']');
        if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':') {
            return refuse();
        }
        where.address = text.substr(1, close - 1);
        port = text.substr(close + 2);
        in6_addr v6{};
        if (inet_pton(AF_INET6, where.address.c_str(), &v6) != 1) {
            return refuse();
        }
    } else {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
            return refuse();
        }
        where.address = text.substr(0, colon);
        port = text.substr(colon + 1);
        in_addr v4{};
        if (inet_pton(AF_INET, where.address.c_str(), &v4) != 1) {
            return refuse();
        }
    }
    const auto* const end = port.data() + port.size();
    const auto [stop, ec] = std::from_chars(port.data(), end, where.port);
    if (port.empty() || ec != std::errc() || stop != end) {
        return refuse();
    }
    return where;
}

std::string to_string(const endpoint& where) {
    return where.address.find(':') == std::string::npos ? fmt::format("{}:{}", where.address, where.port)
                                                        : fmt::format("[{}]:{}", where.address, where.port);
}

bool is_loopback(const endpoint& where) noexcept {
    return where.address == "::1" || where.address.starts_with("127.") ||
           where.address.starts_with("::ffff:127.");
}

} // namespace evercert
