#pragma once
// Internal to core/preflight: what an address is, and how it looks from this machine. Pure.
#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace evercert::survey {

/// What keeps the internet from an address ("a private address (RFC 1918)"); empty if nothing does
/// (RFC 6890).
std::string_view special_use(const boost::asio::ip::address& where);

struct own_network {
    std::vector<boost::asio::ip::address> addresses; ///< of this machine

    [[nodiscard]] bool is_own(const boost::asio::ip::address& where) const;
    /// It has an IPv6 address beyond loopback and the link.
    [[nodiscard]] bool has_ipv6() const;
    /// The address is a public one and this machine has none of its kind: packets to it go through a
    /// translator, which may not lead them back (no hairpin) though it lets the internet in.
    [[nodiscard]] bool behind_translation(const boost::asio::ip::address& where) const;
};

} // namespace evercert::survey
