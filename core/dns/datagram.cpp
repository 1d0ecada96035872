#include "core/dns/datagram.hpp"

#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace evercert::dns {
namespace {

void put_local(datagram& into, int level, int type, const void* data, std::size_t size) noexcept {
    cmsghdr head{};
    head.cmsg_len = CMSG_LEN(size);
    head.cmsg_level = level;
    head.cmsg_type = type;
    std::memcpy(into.local.data(), &head, sizeof head);
    std::memcpy(into.local.data() + CMSG_LEN(0), data, size);
    into.local_size = CMSG_SPACE(size);
}

/// Keeps where it was sent to. False for what went to a group or to all: nobody asks a DNS server so.
bool keep_local(datagram& into, const cmsghdr& head, const unsigned char* data) noexcept {
    if (head.cmsg_level == IPPROTO_IP && head.cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        std::memcpy(&info, data, sizeof info);
        if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr) {
            return false;
        }
        info.ipi_ifindex = 0; // routing decides
        put_local(into, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else if (head.cmsg_level == IPPROTO_IPV6 && head.cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo info{};
        std::memcpy(&info, data, sizeof info);
        if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) {
            return false;
        }
        if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
            info.ipi6_ifindex = 0;
        }
        put_local(into, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    return true;
}

} // namespace

boost::asio::ip::address datagram::from() const {
    boost::asio::ip::udp::endpoint where;
    if (peer_size > where.capacity()) {
        return {};
    }
    where.resize(peer_size);
    std::memcpy(where.data(), &peer, peer_size);
    return where.address();
}

void want_local_address(int descriptor, bool ipv6) noexcept {
    const int on = 1;
    if (ipv6) {
        ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    } else {
        ::setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    }
}

heard receive(int descriptor, datagram& into) noexcept {
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec part{.iov_base = into.space.data(), .iov_len = into.space.size()};
    msghdr head{};
    head.msg_name = &into.peer;
    head.msg_namelen = sizeof into.peer;
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.data();
    head.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(descriptor, &head, MSG_DONTWAIT);
    if (size < 0) {
        switch (errno) {
        case EAGAIN:
            return heard::nothing;
        case ENOMEM:
        case ENOBUFS:
        case EBADF:
            return heard::exhausted;
        default:
            return heard::unusable; // ECONNREFUSED and its like: about an answer, not about this socket
        }
    }
    into.size = static_cast<std::size_t>(size);
    into.peer_size = head.msg_namelen;
    into.local_size = 0;
    if ((head.msg_flags & MSG_TRUNC) != 0 || head.msg_namelen == 0) {
        return heard::unusable;
    }
    for (cmsghdr* each = CMSG_FIRSTHDR(&head); each != nullptr; each = CMSG_NXTHDR(&head, each)) {
        if (!keep_local(into, *each, CMSG_DATA(each))) {
            return heard::unusable;
        }
    }
    return heard::good;
}

bool answer(int descriptor, const datagram& to, std::string_view packet) noexcept {
    sockaddr_storage peer = to.peer;
    alignas(cmsghdr) auto local = to.local;
    std::array<char, longest_query> copy; // sendmsg takes what it does not change as if it might
    if (packet.size() > copy.size()) {
        return false;
    }
    std::copy(packet.begin(), packet.end(), copy.begin());
    iovec part{.iov_base = copy.data(), .iov_len = packet.size()};
    msghdr head{};
    head.msg_name = &peer;
    head.msg_namelen = to.peer_size;
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (to.local_size > 0) {
        head.msg_control = local.data();
        head.msg_controllen = to.local_size;
    }
    return ::sendmsg(descriptor, &head, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != EMSGSIZE;
}

} // namespace evercert::dns
