#pragma once
// One datagram in, one out, from the address that was asked: with several addresses on a socket for all of
// them the kernel would choose one, and resolvers pass over what comes from another than they asked (RFC 2181
// section 4).
#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstddef>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

namespace evercert::dns {

/// Longest question that is read; an honest one has less than 400 bytes.
inline constexpr std::size_t longest_query = 4096;

/// Room for one, and the way back. Reused.
struct datagram {
    std::array<char, longest_query> space{};
    std::size_t size = 0;
    sockaddr_storage peer{};
    socklen_t peer_size = 0;
    alignas(cmsghdr) std::array<char, 64> local{}; ///< the address that was asked, as the kernel takes it
    std::size_t local_size = 0;                    ///< 0: unknown, the kernel chooses

    [[nodiscard]] std::string_view bytes() const noexcept { return {space.data(), size}; }
    [[nodiscard]] boost::asio::ip::address from() const;
};

enum class heard {
    good,
    nothing,   ///< there is no other one now
    unusable,  ///< too long, sent to a group, or an error that an earlier answer met: go on
    exhausted, ///< the kernel has no memory: pause
};

/// Asks the kernel to tell which address a datagram was sent to.
void want_local_address(int descriptor, bool ipv6) noexcept;
/// Never blocks.
heard receive(int descriptor, datagram& into) noexcept;
/// Never blocks. What cannot be sent is lost, as any datagram may be; false if it was too long for the way.
bool answer(int descriptor, const datagram& to, std::string_view packet) noexcept;

} // namespace evercert::dns
