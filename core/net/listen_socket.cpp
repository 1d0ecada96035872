#include "core/net/listen_socket.hpp"

#include "core/net/port_owner.hpp"
#include "core/net/url.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace evercert::net {

namespace {

constexpr int backlog = 1024;

sockaddr* generic(void* address) {
    return static_cast<sockaddr*>(address);
}

/// SOCK_STREAM or SOCK_DGRAM, in the words of operators.
std::string port_taken(const endpoint& where, int type) {
    const std::uint16_t port = where.port;
    const bool udp = type == SOCK_DGRAM;
    const std::string_view kind = udp ? "UDP port" : "port";
    // CAs come to this port and no other, so that another address alone would not help.
    const std::string_view mend =
        port == 80 && !udp ? "stop it, or if it is a web server let it pass challenges on: `evercert "
                             "snippet nginx` (or apache, haproxy) says what it and evercert.yaml need"
                           : "stop it, or give evercert another address";
    const std::string owner = port_owner(port, udp ? transport::udp : transport::tcp, where.address);
    if (owner.empty()) {
        return fmt::format("{} {} is taken by another process (root can see which: ss -{} 'sport = :{}'): {}",
                           kind, port, udp ? "lunp" : "ltnp", port, mend);
    }
    return fmt::format("{} {} is taken by {}: {}", kind, port, owner, mend);
}

/// Below 1024, to somebody without the privilege.
std::string port_refused(const endpoint& where, int type) {
    const std::uint16_t port = where.port;
    const bool everywhere = where.address == "::" || where.address == "0.0.0.0";
    const std::string place = everywhere ? fmt::format("{}", port) : to_string(where);
    // A name server needs both, and whoever asks for one of them would have to be told twice.
    const std::string lines = port == 53 ? fmt::format("ListenDatagram={0}, ListenStream={0}", place)
                              : type == SOCK_DGRAM ? "ListenDatagram=" + place
                                                   : "ListenStream=" + place;
    const std::string mend =
        port == 80 ? "that unit did not get it (`systemctl status evercertd.socket` says why; `systemctl "
                     "unmask` it where it is masked): run `systemctl restart evercertd`"
                   : fmt::format("run `systemctl edit evercertd.socket`, add the lines [Socket] and {}, then "
                                 "run `systemctl stop evercertd` and `systemctl start evercertd`",
                                 lines);
    return fmt::format(
        "ports below 1024 need root or CAP_NET_BIND_SERVICE, or a socket passed in by systemd. "
        "A service has port {} from evercertd.socket: {}",
        port, mend);
}

error bind_error(int number, const endpoint& where, int type) {
    const std::string text = to_string(where);
    if (number == EADDRINUSE) {
        return {errc::busy, "cannot listen on " + text + ": " + port_taken(where, type)};
    }
    if (number == EACCES || number == EPERM) {
        // The kernel asks for the privilege first, and only then whether the port is free.
        if (port_in_use(where.port, type == SOCK_DGRAM ? transport::udp : transport::tcp, where.address)) {
            return {errc::busy, "cannot listen on " + text + ": " + port_taken(where, type)};
        }
        return {errc::io, fmt::format("cannot listen on {}: {}", text, port_refused(where, type))};
    }
    if (number == EADDRNOTAVAIL) {
        return {errc::io, "cannot listen on " + text + ": this host does not have that address"};
    }
    return system_error(number, "cannot listen on " + text);
}

void describe(listen_socket& socket) {
    asio::generic::stream_protocol::endpoint local;
    socklen_t size = static_cast<socklen_t>(local.capacity());
    if (::getsockname(socket.get(), local.data(), &size) != 0) {
        return;
    }
    if (local.data()->sa_family == AF_UNIX) {
        sockaddr_un unix_address{};
        std::memcpy(&unix_address, local.data(), std::min<std::size_t>(size, sizeof unix_address));
        socket.address = unix_address.sun_path;
        return;
    }
    asio::ip::tcp::endpoint where;
    where.resize(size);
    std::memcpy(where.data(), local.data(), size);
    socket.port = where.port();
    socket.ipv6 = where.address().is_v6();
    socket.address = bracketed(where.address().to_string()) + ":" + std::to_string(where.port());
    int only = 1;
    socklen_t length = sizeof only;
    if (socket.ipv6 && where.address().is_unspecified() &&
        ::getsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) == 0) {
        socket.dual_stack = only == 0;
    }
}

/// Whether a file left by a daemon that is gone lies there; it is removed. An error if somebody uses it.
result<void> clear_stale(const std::string& path, const sockaddr_un& address) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        return errno == ENOENT ? result<void>() : fail(system_error(errno, "cannot look at " + path));
    }
    if (!S_ISSOCK(info.st_mode)) {
        return fail(errc::exists, path + " exists and is not a socket: remove it, or choose another path");
    }
    const listen_socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un copy = address;
    if (::connect(probe.get(), generic(&copy), sizeof copy) == 0 || errno == EAGAIN) {
        return fail(errc::busy, path + " is in use: another evercertd is running with it");
    }
    if (errno != ECONNREFUSED) {
        return fail(system_error(errno, "cannot find out whether " + path + " is in use"));
    }
    if (::unlink(path.c_str()) != 0) {
        return fail(system_error(errno, "cannot remove the leftover socket " + path));
    }
    return {};
}

result<void> set_access(const unix_endpoint& where) {
    if (::chmod(where.path.c_str(), where.mode & 0777) != 0) {
        return fail(system_error(errno, "cannot set the mode of " + where.path));
    }
    if (where.group.empty()) {
        return {};
    }
    const group* found = ::getgrnam(where.group.c_str());
    if (found == nullptr) {
        return fail(errc::invalid_argument, "there is no group " + where.group + " for " + where.path +
                                                ": create it (groupadd --system " + where.group +
                                                "), or name another one");
    }
    // The daemon's own group needs no call, and a sandbox may refuse any.
    struct stat made{};
    if (::lstat(where.path.c_str(), &made) == 0 && made.st_gid == found->gr_gid) {
        return {};
    }
    if (::chown(where.path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
        return fail(system_error(errno, "cannot give " + where.path + " to the group " + where.group));
    }
    return {};
}

result<listen_socket> open_internet(const endpoint& where, ipv6_mode mode, int type) {
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(where.address, bad);
    if (bad) {
        return fail(errc::invalid_argument, "cannot listen on " + to_string(where) + ": not an IP address");
    }
    const int family = address.is_v6() ? AF_INET6 : AF_INET;
    listen_socket socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool any6 = address.is_v6() && address.is_unspecified();
    if (socket.get() < 0) {
        if (errno == EAFNOSUPPORT && any6) {
            return open_internet(endpoint{"0.0.0.0", where.port}, mode, type);
        }
        return fail(system_error(errno, "cannot listen on " + to_string(where)));
    }
    if (type == SOCK_STREAM) { // with datagrams it would let somebody else have the port too
        const int on = 1;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (address.is_v6()) {
        const int only = any6 && mode == ipv6_mode::dual_stack ? 0 : 1;
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    asio::ip::tcp::endpoint local(address, where.port);
    if (::bind(socket.get(), local.data(), static_cast<socklen_t>(local.size())) != 0 ||
        (type == SOCK_STREAM && ::listen(socket.get(), backlog) != 0)) {
        const int number = errno;
        if (number == EADDRNOTAVAIL && any6) { // IPv6 switched off by sysctl
            return open_internet(endpoint{"0.0.0.0", where.port}, mode, type);
        }
        return fail(bind_error(number, where, type));
    }
    describe(socket);
    return socket;
}

int option(int descriptor, int name) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

result<listen_socket> take_over(const passed_socket& where) {
    const int flags = ::fcntl(where.descriptor, F_GETFL);
    if (flags < 0 || ::fcntl(where.descriptor, F_SETFL, flags | O_NONBLOCK) < 0 ||
        ::fcntl(where.descriptor, F_SETFD, FD_CLOEXEC) < 0) {
        return fail(
            system_error(errno, fmt::format("cannot prepare the passed descriptor {}", where.descriptor)));
    }
    listen_socket socket(where.descriptor);
    describe(socket);
    return socket;
}

} // namespace

listen_socket::listen_socket(listen_socket&& other) noexcept {
    *this = std::move(other);
}

listen_socket& listen_socket::operator=(listen_socket&& other) noexcept {
    if (this != &other) {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
        address = std::move(other.address);
        port = other.port;
        ipv6 = other.ipv6;
        dual_stack = other.dual_stack;
        remove_path = std::exchange(other.remove_path, {});
    }
    return *this;
}

listen_socket::~listen_socket() {
    close();
}

int listen_socket::release() noexcept {
    return std::exchange(descriptor_, -1);
}

void listen_socket::close() noexcept {
    if (!remove_path.empty()) {
        ::unlink(remove_path.c_str());
        remove_path.clear();
    }
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
}

result<listen_socket> open_tcp(const endpoint& where, ipv6_mode mode) {
    return open_internet(where, mode, SOCK_STREAM);
}

result<listen_socket> open_udp(const endpoint& where, ipv6_mode mode) {
    return open_internet(where, mode, SOCK_DGRAM);
}

std::optional<ipv6_mode> mode_beside(std::span<const listen_socket* const> open, const endpoint& where) {
    const bool ipv6 = where.address.find(':') != std::string::npos;
    for (const listen_socket* each : open) {
        if (where.port != 0 && each->port == where.port) {
            if (ipv6 && !each->ipv6) {
                return ipv6_mode::only; // "0.0.0.0:80" and "[::]:80" side by side
            }
            if (!ipv6 && each->dual_stack) {
                return std::nullopt;
            }
        }
    }
    return ipv6_mode::dual_stack;
}

result<listen_socket> open_unix(const unix_endpoint& where) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (where.path.empty() || where.path.size() >= sizeof address.sun_path ||
        where.path.find('\0') != std::string::npos) {
        return fail(errc::invalid_argument, fmt::format("the socket path {} is empty or longer than {} bytes",
                                                        where.path, sizeof address.sun_path - 1));
    }
    where.path.copy(address.sun_path, where.path.size());
    if (auto cleared = clear_stale(where.path, address); !cleared) {
        return fail(std::move(cleared.error()));
    }
    listen_socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0 || ::bind(socket.get(), generic(&address), sizeof address) != 0) {
        return fail(system_error(errno, "cannot make the socket " + where.path));
    }
    socket.remove_path = where.path;
    // Bound but not listening: nobody can connect yet, whatever the umask made of its mode.
    if (auto set = set_access(where); !set) {
        return fail(std::move(set.error()));
    }
    if (::listen(socket.get(), backlog) != 0) {
        return fail(system_error(errno, "cannot listen on " + where.path));
    }
    describe(socket);
    return socket;
}

result<listen_socket> take_passed(const passed_socket& where) {
    const int domain = option(where.descriptor, SO_DOMAIN);
    if (option(where.descriptor, SO_TYPE) != SOCK_STREAM || option(where.descriptor, SO_ACCEPTCONN) != 1 ||
        (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)) {
        return fail(
            errc::invalid_argument,
            fmt::format("the passed descriptor {} is not a listening stream socket: the socket unit needs "
                        "ListenStream= and Accept=no",
                        where.descriptor));
    }
    return take_over(where);
}

passed_facts look_at(const passed_socket& where) {
    const int domain = option(where.descriptor, SO_DOMAIN);
    if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) {
        return {};
    }
    listen_socket borrowed(where.descriptor);
    describe(borrowed);
    passed_facts facts{std::move(borrowed.address), borrowed.port, is_passed_udp(where)};
    static_cast<void>(borrowed.release());
    return facts;
}

bool is_passed_udp(const passed_socket& where) noexcept {
    const int domain = option(where.descriptor, SO_DOMAIN);
    return option(where.descriptor, SO_TYPE) == SOCK_DGRAM && (domain == AF_INET || domain == AF_INET6);
}

result<listen_socket> take_passed_udp(const passed_socket& where) {
    if (!is_passed_udp(where)) {
        return fail(errc::invalid_argument,
                    fmt::format("the passed descriptor {} is not a datagram socket: the socket unit needs "
                                "ListenDatagram= with an IP address",
                                where.descriptor));
    }
    return take_over(where);
}

} // namespace evercert::net
