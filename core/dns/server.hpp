#pragma once
// Hears questions over UDP and TCP on the same ports and sends the answers of a function (RFC 1035
// section 4.2, RFC 7766). What they say is the function's business.
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/dns/reply.hpp"
#include "core/dns/response_rate.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/event_sink.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::dns {

struct server_limits {
    rate_settings rate{};                ///< UDP
    std::size_t connections = 1024;      ///< TCP
    std::size_t per_source = 64;         ///< TCP connections of an IPv4 address or IPv6 /64
    std::size_t questions = 256;         ///< on one TCP connection
    milliseconds patience = seconds(5);  ///< for one question and its answer over TCP, or for none
    milliseconds lifetime = seconds(30); ///< of a TCP connection
};

/// The packet that answers one; empty when nothing is to be sent. Runs on the loop thread and does not block.
/// Connections may hold it after the server is gone.
using answer_function = std::function<std::string(std::string_view packet, over path)>;

class server {
public:
    virtual ~server() = default;
    /// Begins to answer there, over UDP and TCP or not at all; a passed descriptor is a datagram socket or a
    /// listening one. As net::http_server::listen, without Unix sockets.
    virtual result<void> listen(net::listen_address where) = 0;
    /// Stops listening, and waits for answers under way.
    virtual awaitable<void> stop() = 0;
    /// "127.0.0.1:53/udp", "127.0.0.1:53/tcp".
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
    [[nodiscard]] virtual net::server_counters counters() const = 0;
};

/// Emits dns.descriptors_exhausted, once in ten minutes, when connections have to be turned away. References
/// must outlive it.
std::unique_ptr<server> make_server(const asio::any_io_executor& executor, event_sink& events,
                                    time_source& time, random_source& random, server_limits limits,
                                    answer_function answer);

} // namespace evercert::dns
