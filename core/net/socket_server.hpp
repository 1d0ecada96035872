#pragma once
// What our listeners have in common, whatever they speak: accepting under limits, and ending in good order.
#include "core/base/stop_signal.hpp"
#include "core/net/http_server.hpp"
#include "core/net/listen_socket.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::net {

struct peer_name {
    std::string text;
    std::string source; ///< what is counted for per_source; empty: not counted
    std::optional<unsigned> uid;
};

/// One connection. It sets its own deadline when it is made.
class session {
public:
    session() = default;
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    virtual ~session() = default;

    /// Serves it until it ends.
    virtual awaitable<void> run() = 0;
    /// Ends everything on it at once.
    virtual void abort() = 0;
    /// Closing it loses nothing that anybody has a claim on: it makes room for a newcomer.
    [[nodiscard]] virtual bool idle() const noexcept = 0;

    std::shared_ptr<stop_signal> cancel = std::make_shared<stop_signal>();
};

struct socket_limits {
    std::size_t connections = 1024;
    std::size_t per_source = 64; ///< per IPv4 address or IPv6 /64; not on Unix sockets
};

/// Listens, accepts and keeps sessions. Its coroutines hold it, and may still unwind after its owner has
/// gone; the owner calls `shut` then.
class socket_server : public std::enable_shared_from_this<socket_server> {
public:
    using socket = asio::generic::stream_protocol::socket;
    using session_maker = std::function<std::shared_ptr<session>(socket, peer_name)>;

    /// `exhausted` is the id of the event that is emitted when descriptors run out, once in ten minutes.
    /// `events` and `make` are not used any more after `shut`.
    socket_server(const asio::any_io_executor& executor, event_sink& events, std::string_view exhausted,
                  socket_limits limits, session_maker make);
    ~socket_server();
    socket_server(const socket_server&) = delete;
    socket_server& operator=(const socket_server&) = delete;

    /// As http_server::listen.
    result<void> listen(listen_address where);
    /// Closes the listeners and idle sessions, and waits for the others to end.
    awaitable<void> stop();
    /// Closes everything at once.
    void shut();
    [[nodiscard]] std::vector<std::string> addresses() const;
    /// Of connections: what is said on them is not known here.
    [[nodiscard]] const server_counters& counters() const noexcept { return counters_; }

private:
    struct listener;
    using endpoint_type = asio::generic::stream_protocol::endpoint;

    void close_listeners();
    result<listen_socket> open(const listen_address& where);
    template <class Which>
    void end_sessions(Which which);
    void reserve();
    static awaitable<void> accept_loop(std::shared_ptr<socket_server> self, std::shared_ptr<listener> from);
    bool accept_one(int listening);
    bool turn_away(int listening);
    void admit(int descriptor, const endpoint_type& from);
    void drop_oldest_idle();
    void forget(std::uint64_t number, const std::string& source);

    asio::any_io_executor executor_;
    event_sink& events_;
    std::string_view exhausted_;
    socket_limits limits_;
    session_maker make_;
    asio::steady_timer drained_;
    std::vector<std::shared_ptr<listener>> listeners_;
    std::map<std::uint64_t, std::shared_ptr<session>> sessions_; ///< oldest first
    std::uint64_t next_session_ = 0;
    std::map<std::string, std::size_t> sources_;
    server_counters counters_;
    int spare_ = -1;
    std::optional<steady_time> told_short_; ///< of descriptors
    bool crowded_ = false;                  ///< since there was nobody last
    bool starved_ = false;
};

} // namespace evercert::net
