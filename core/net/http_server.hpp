#pragma once
// The one HTTP/1.1 server: for the http-01 listener, the control socket and the status page.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/model/endpoint.hpp"
#include "core/net/server_counters.hpp"
#include "core/ports/event_sink.hpp"
#include "core/ports/http_client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace evercert::net {

struct server_request {
    std::string
        method; ///< token as sent; HEAD is to be answered as GET would be: the server leaves the body out
    std::string path; ///< origin-form path, without query; undecoded
    std::string query;
    std::string host; ///< from absolute-form or Host, lower case, without port, trailing dot or brackets; may
                      ///< be empty (HTTP/1.0)
    std::string authority; ///< as sent (host[:port])
    std::string body;
    std::string peer;                 ///< address of the peer, or "unix uid=0 gid=0 pid=1"
    std::optional<unsigned> peer_uid; ///< on Unix sockets

    server_request() = default;
};

/// The next piece of an answer that comes about while it is sent; empty: that was all. Cancelled when the
/// connection ends; an exception ends the connection.
using body_source = std::function<awaitable<std::string>()>;

struct server_response {
    unsigned status = 200;
    std::vector<http_header>
        headers; ///< Content-Length, Transfer-Encoding, Connection, Date and Server are the server's own
    std::string body;
    /// In place of `body`, if there is one: large answers that several may be reading.
    std::shared_ptr<const std::string> shared;
    /// In place of both: the body in chunks, each with a deadline of its own, and the last of its connection.
    /// HTTP/1.0 knows no chunks and is answered 505. `stop` waits for its end, which is its maker's business.
    body_source more;

    server_response() = default;
    explicit server_response(unsigned s, std::string b = {}) : status(s), body(std::move(b)) {}
    [[nodiscard]] const std::string& content() const noexcept { return shared ? *shared : body; }
};

struct server_limits {
    std::size_t connections = 1024;
    std::size_t per_source = 64; ///< per IPv4 address or IPv6 /64; not on Unix sockets
    std::size_t header_bytes = 8 * 1024;
    std::size_t body_bytes = 0; ///< a request with a longer body is answered 413
    /// One deadline a connection, set at accept, whatever happens on it; set anew for each chunk.
    milliseconds lifetime = seconds(5);
};

/// Answers one request; runs on the loop thread. Cancelled when the connection ends before it does; an
/// exception is answered 500 and reported as the event http.handler_failed. May still unwind after the server
/// is gone: what it uses while unwinding it holds itself.
using request_handler = std::function<awaitable<server_response>(server_request)>;

/// Where to listen: an address, a Unix socket path, or a listening descriptor passed in by systemd (taken
/// over).
struct unix_endpoint {
    std::string path;
    unsigned mode = 0660;
    std::string group; ///< empty: unchanged
};
struct passed_socket {
    int descriptor = -1;
};
using listen_address = std::variant<endpoint, unix_endpoint, passed_socket>;

/// What is not valid by RFC 9110 and 9112 is answered by the server itself with a bare status; nothing of a
/// request is ever repeated. "[::]" answers IPv4 as well, unless 0.0.0.0 is open on the same port. When
/// descriptors run out connections are turned away (event http.descriptors_exhausted, once in
/// ten minutes).
class http_server {
public:
    virtual ~http_server() = default;
    /// Begins to accept. errc::busy when the address is taken: the message says by which process, if that can
    /// be known, and what to do.
    virtual result<void> listen(listen_address where) = 0;
    /// Stops accepting, closes idle connections, lets requests under way finish until their deadline.
    /// `listen` may be called again afterwards.
    virtual awaitable<void> stop() = 0;
    /// Addresses in use ("127.0.0.1:5002"), with the real port where 0 was asked for.
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
    [[nodiscard]] virtual server_counters counters() const = 0;
};

std::unique_ptr<http_server> make_http_server(const asio::any_io_executor& executor, event_sink& events,
                                              server_limits limits, request_handler handler);

} // namespace evercert::net
