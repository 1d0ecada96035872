#pragma once
// One connection of the HTTP server.
#include "core/net/http_server.hpp"
#include "core/net/request_head.hpp"
#include "core/net/socket_server.hpp"
#include "core/net/watchdog.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <array>
#include <memory>
#include <string>

namespace evercert::net {

/// What the sessions of a server share. `events` and `handler` are not touched any more once `closed`.
struct session_services {
    session_services(const asio::any_io_executor& executor, event_sink& e, server_limits l, request_handler h)
        : events(e), time(make_system_time(executor)), limits(l), handler(std::move(h)) {}

    event_sink& events;
    std::unique_ptr<time_source> time; ///< for Date, the only wall time in here
    server_limits limits;
    request_handler handler;
    std::uint64_t answered = 0; ///< requests, by the handler
    std::uint64_t refused = 0;  ///< requests, without asking it
    bool stopping = false;      ///< answer what is under way, then close
    bool closed = false;
};

class server_session final : public session {
public:
    using socket = socket_server::socket;

    server_session(socket accepted, std::shared_ptr<session_services> services, std::string peer,
                   std::optional<unsigned> peer_uid);

    /// Serves requests until the connection ends. The session must outlive the coroutine.
    awaitable<void> run() override;
    /// A handler under way is ended too.
    void abort() override;
    /// Between two requests, or still reading one: closing it loses no answer.
    [[nodiscard]] bool idle() const noexcept override { return !answering_; }

private:
    struct received {
        unsigned status = 0; ///< answer this instead of asking the handler
        request_head head;
        std::string body;

        received() = default;
    };

    awaitable<unsigned> read_head(received& into);
    awaitable<unsigned> read_body(received& into, std::size_t head_size);
    awaitable<server_response> answer(received from);
    awaitable<bool> write(server_response response, bool head_only, bool keep_alive);
    awaitable<bool> send_rest(std::array<asio::const_buffer, 2> parts, std::size_t sent, int flags);
    awaitable<bool> stream(body_source more);
    [[nodiscard]] bool nothing_unread() const;
    awaitable<void> linger();

    socket socket_;
    std::shared_ptr<session_services> services_;
    boost::beast::flat_buffer buffer_;
    watchdog timer_;
    std::string peer_;
    std::optional<unsigned> peer_uid_;
    bool answering_ = false;
};

/// The head of a response: status line, the server's own headers, the handler's. nullopt if a header of the
/// handler cannot be sent.
std::optional<std::string> write_response_head(const server_response& response, bool keep_alive,
                                               wall_time now);

} // namespace evercert::net
