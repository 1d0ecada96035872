#pragma once
// Listening sockets, and those that hear datagrams: opened, or taken over from systemd.
#include "core/base/error.hpp"
#include "core/net/http_server.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace evercert::net {

/// An owned descriptor, non-blocking and close-on-exec.
class listen_socket {
public:
    listen_socket() = default;
    explicit listen_socket(int descriptor) : descriptor_(descriptor) {}
    listen_socket(listen_socket&& other) noexcept;
    listen_socket& operator=(listen_socket&& other) noexcept;
    ~listen_socket();

    [[nodiscard]] int get() const noexcept { return descriptor_; }
    [[nodiscard]] int release() noexcept;

    std::string address;    ///< "127.0.0.1:5002", "[::]:80" or the path of a Unix socket
    std::uint16_t port = 0; ///< 0 for Unix sockets
    bool ipv6 = false;
    bool dual_stack = false; ///< answers IPv4 as well
    std::string remove_path; ///< file of a Unix socket that we made; removed with the socket

private:
    void close() noexcept;
    int descriptor_ = -1;
};

enum class ipv6_mode { dual_stack, only };

/// "[::]" is opened for IPv4 too (`dual_stack`) and becomes 0.0.0.0 on a host without IPv6.
result<listen_socket> open_tcp(const endpoint& where, ipv6_mode mode);
/// The same for datagrams. Shares its port with nobody.
result<listen_socket> open_udp(const endpoint& where, ipv6_mode mode);
/// How `where` is to be opened beside those of its kind that are open: nothing if one of them answers for it.
std::optional<ipv6_mode> mode_beside(std::span<const listen_socket* const> open, const endpoint& where);
/// A leftover file is replaced if nobody answers on it. Mode and group are set before anybody can connect.
result<listen_socket> open_unix(const unix_endpoint& where);
/// Takes the descriptor over if it is a listening stream socket; otherwise leaves it alone.
result<listen_socket> take_passed(const passed_socket& where);
/// The same for a datagram socket of the Internet.
result<listen_socket> take_passed_udp(const passed_socket& where);
/// Whether it is one.
bool is_passed_udp(const passed_socket& where) noexcept;

struct passed_facts {
    std::string address; ///< as listen_socket has it; empty: neither of the Internet nor a Unix socket
    std::uint16_t port = 0;
    bool datagram = false;
};
/// What a passed descriptor is; it is left as it was.
passed_facts look_at(const passed_socket& where);

} // namespace evercert::net
