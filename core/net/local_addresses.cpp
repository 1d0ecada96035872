#include "core/net/local_addresses.hpp"

#include <array>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>

namespace evercert::net {

using boost::asio::ip::address;

std::vector<address> local_addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return {};
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, &::freeifaddrs);
    std::vector<address> out;
    for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) {
            continue;
        }
        if (each->ifa_addr->sa_family == AF_INET) {
            sockaddr_in four{};
            std::memcpy(&four, each->ifa_addr, sizeof four);
            out.emplace_back(boost::asio::ip::address_v4(ntohl(four.sin_addr.s_addr)));
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 six{};
            std::memcpy(&six, each->ifa_addr, sizeof six);
            boost::asio::ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
            out.emplace_back(boost::asio::ip::address_v6(bytes));
        }
    }
    return out;
}

} // namespace evercert::net
