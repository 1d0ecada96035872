#pragma once
// One connection of the client, with TLS or plain, from the TCP connect to its end.
#include "core/net/proxy.hpp"
#include "core/net/resolver.hpp"
#include "core/net/tls_context.hpp"
#include "core/net/url.hpp"
#include "core/net/watchdog.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace evercert::net {

class connection {
public:
    using tcp_socket = asio::ip::tcp::socket;
    using tls_stream = asio::ssl::stream<tcp_socket&>;

    /// Without a context it is a plain one.
    connection(const asio::any_io_executor& executor, std::shared_ptr<asio::ssl::context> context,
               std::shared_ptr<session_slot> sessions);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Closes the socket when `deadline` comes; whatever is under way on it ends then.
    void limit(steady_time deadline);
    [[nodiscard]] bool timed_out() const noexcept { return timer.expired(); }

    /// Nothing has come since the last answer: no EOF, no alert, no byte. Only such a connection is used
    /// again.
    [[nodiscard]] bool quiet();

    tcp_socket& tcp() noexcept { return socket_; }
    [[nodiscard]] bool secure() const noexcept { return tls_.has_value(); }
    /// Only of a secure one.
    tls_stream& tls() { return tls_.value(); }

    peer_record record; ///< outlives the stream, which notes into it
    boost::beast::flat_buffer buffer;
    watchdog timer;

private:
    /// Quiet for certain, found out cheaply.
    [[nodiscard]] bool silent();

    std::shared_ptr<asio::ssl::context> context_;
    tcp_socket socket_;
    std::optional<tls_stream> tls_;
};

/// Tries the addresses one after the other, each with its share of the time that is left. `peer` is for
/// messages.
awaitable<result<void>> connect_any(connection& to, addresses where, steady_time deadline, std::string peer);

/// Asks a proxy for a tunnel (RFC 9110 section 9.3.6).
awaitable<result<void>> open_tunnel(connection& through, proxy via, std::string origin,
                                    std::string user_agent);

/// TLS with verification of `host`; for a secure connection.
awaitable<result<void>> shake_hands(connection& with, std::string host);

} // namespace evercert::net
