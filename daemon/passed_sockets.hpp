#pragma once
// Which challenge gets which of the sockets that systemd passed.
#include "core/base/unique_fd.hpp"
#include "core/net/http_server.hpp"
#include "core/net/listen_socket.hpp"
#include "systemd/listen_fds.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

enum class traffic { streams, dns }; ///< TCP or a Unix socket; or both UDP and TCP

/// A challenge that listens, by its settings.
struct socket_demand {
    std::string challenge;
    std::vector<endpoint> listen;
    traffic kind = traffic::streams;
};

/// Owns the passed descriptors for the daemon's life, and hands out copies: a challenge whose settings change
/// closes its own and gets another.
class passed_sockets {
public:
    explicit passed_sockets(std::vector<systemd::passed_descriptor> passed);

    /// Gives sockets that are nobody's to `demands`: by the challenge's name (FileDescriptorName=), then by a
    /// port in its `listen`; what still has neither port nor name of a challenge goes to the first that takes
    /// streams and got none.
    void share_out(const std::vector<socket_demand>& demands);
    /// The challenge is no more: its sockets are nobody's again.
    void take_back(const std::string& challenge);
    /// Where a challenge is to listen: on its sockets, and on what is configured at ports that none of them
    /// stands for. Sockets at other ports than the configured stand for all of these.
    [[nodiscard]] std::vector<net::listen_address> places(const std::string& challenge,
                                                          const std::vector<endpoint>& configured) const;
    /// The addresses of sockets that are nobody's.
    [[nodiscard]] std::vector<std::string> idle() const;

private:
    struct one {
        std::string name;
        unique_fd descriptor;
        net::passed_facts facts;
        std::string user; ///< a challenge, or nobody
    };

    template <class Wanted>
    void give(const socket_demand& demand, Wanted wanted);

    std::vector<one> all_;
};

} // namespace evercert::daemon
