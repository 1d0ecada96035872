#pragma once
// One connection of the alpn_listener.
#include "core/net/alpn_listener.hpp"
#include "core/net/client_hello.hpp"
#include "core/net/socket_server.hpp"
#include "core/net/turnstile.hpp"
#include "core/net/watchdog.hpp"

#include <array>

namespace evercert::net {

/// What the sessions of a listener share. `events` and `find` are not touched any more once `closed`.
struct alpn_services {
    alpn_services(const asio::any_io_executor& executor, event_sink& e, alpn_limits l, std::string p,
                  identity_lookup f)
        : events(e)
        , limits(l)
        , protocol(std::move(p))
        , find(std::move(f))
        , context(make_handshake_context())
        , turns(executor, l.handshakes) {}

    event_sink& events;
    alpn_limits limits;
    std::string protocol;
    identity_lookup find;
    ssl_context context;
    turnstile turns;
    std::array<char, 4096>
        scratch{};           ///< bytes are read into it and copied at once: silent peers cost no buffer
    std::uint64_t shown = 0; ///< handshakes completed
    std::uint64_t turned_away = 0;
    bool closed = false;
};

class alpn_session final : public session {
public:
    using socket = socket_server::socket;

    alpn_session(socket accepted, std::shared_ptr<alpn_services> services, std::string peer);

    awaitable<void> run() override;
    void abort() override;
    [[nodiscard]] bool idle() const noexcept override { return !wanted_; }

private:
    awaitable<std::optional<client_hello>> read_hello();
    awaitable<bool> shake_hands(tls_identity shown, client_hello hello);
    awaitable<bool> receive();
    awaitable<void> linger();
    [[nodiscard]] std::optional<tls_alert> judge(const client_hello& hello) const;
    void turn_away(tls_alert why, std::uint16_t version, std::string_view name);
    void report(std::string_view what, std::string_view name) const;

    socket socket_;
    std::shared_ptr<alpn_services> services_;
    watchdog timer_;
    std::string peer_;
    std::string received_; ///< and not used yet
    bool wanted_ = false;  ///< a handshake for a name that we answer for is due or under way
};

} // namespace evercert::net
