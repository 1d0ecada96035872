#include "core/preflight/own_network.hpp"

#include <algorithm>
#include <array>

namespace evercert::survey {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

namespace {

struct block {
    std::uint32_t first;
    unsigned bits;
    std::string_view what;
};

constexpr std::array<block, 14> blocks = {{
    {0x00000000, 8, "an address that means nothing elsewhere (0.0.0.0/8)"},
    {0x0A000000, 8, "a private address (RFC 1918)"},
    {0x64400000, 10, "an address behind a provider's NAT (RFC 6598)"},
    {0x7F000000, 8, "a loopback address"},
    {0xA9FE0000, 16, "a link-local address"},
    {0xAC100000, 12, "a private address (RFC 1918)"},
    {0xC0000000, 24, "an address of a protocol (RFC 6890)"},
    {0xC0000200, 24, "an address for documentation"},
    {0xC0A80000, 16, "a private address (RFC 1918)"},
    {0xC6120000, 15, "an address for measurements (RFC 2544)"},
    {0xC6336400, 24, "an address for documentation"},
    {0xCB007100, 24, "an address for documentation"},
    {0xE0000000, 4, "a multicast address"},
    {0xF0000000, 4, "a reserved address"},
}};

std::string_view special_use_v4(const address_v4& where) {
    const std::uint32_t value = where.to_uint();
    const auto within = [value](const block& b) { return (value ^ b.first) >> (32 - b.bits) == 0; };
    const auto* found = std::find_if(blocks.begin(), blocks.end(), within);
    return found == blocks.end() ? std::string_view() : found->what;
}

} // namespace

std::string_view special_use(const address& where) {
    if (where.is_v4()) {
        return special_use_v4(where.to_v4());
    }
    const address_v6 six = where.to_v6();
    const auto bytes = six.to_bytes();
    if (six.is_unspecified()) {
        return "an address that means nothing elsewhere (::)";
    }
    if (six.is_loopback()) {
        return "a loopback address";
    }
    if (six.is_link_local()) {
        return "a link-local address";
    }
    if (six.is_multicast()) {
        return "a multicast address";
    }
    if ((bytes[0] & 0xFEU) == 0xFCU) {
        return "a private address (ULA, RFC 4193)";
    }
    if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) {
        return "an address for documentation";
    }
    return (bytes[0] & 0xE0U) == 0x20U ? "" : "an address outside the public range (2000::/3)";
}

bool own_network::is_own(const address& where) const {
    return where.is_loopback() || std::find(addresses.begin(), addresses.end(), where) != addresses.end();
}

bool own_network::has_ipv6() const {
    return std::any_of(addresses.begin(), addresses.end(), [](const address& a) {
        return a.is_v6() && !a.is_loopback() && !a.to_v6().is_link_local();
    });
}

bool own_network::behind_translation(const address& where) const {
    const auto same_kind = [&](const address& a) { return a.is_v4() == where.is_v4(); };
    const auto public_one = [&](const address& a) { return same_kind(a) && special_use(a).empty(); };
    const auto routable = [&](const address& a) { return same_kind(a) && !a.is_loopback(); };
    return special_use(where).empty() && std::any_of(addresses.begin(), addresses.end(), routable) &&
           std::none_of(addresses.begin(), addresses.end(), public_one);
}

} // namespace evercert::survey
