#pragma once
// What a service manager holds at the other end of $NOTIFY_SOCKET.
#include "tests/support/temp_folder.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace evercert::testing {

class notify_socket {
public:
    notify_socket() {
        descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        bound_ = ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    }
    ~notify_socket() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(descriptor_);
    }
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    [[nodiscard]] bool bound() const { return bound_; }
    /// The next datagram, or "" if none has come.
    std::string next() {
        std::array<char, 4096> buffer{};
        const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
    }

private:
    temp_folder folder_;
    std::string path_ = folder_ / "socket";
    int descriptor_ = -1;
    bool bound_ = false;
};

} // namespace evercert::testing
