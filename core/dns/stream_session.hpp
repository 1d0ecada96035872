#pragma once
// One connection of the server: questions one after another, each with its length before it (RFC 1035 section
// 4.2.2, RFC 7766).
#include "core/dns/server.hpp"
#include "core/net/socket_server.hpp"
#include "core/net/watchdog.hpp"

#include <functional>
#include <string>

namespace evercert::dns {

/// `answer` is the server's. A question that comes too slowly, is too long or gets no answer ends the
/// connection.
class stream_session final : public net::session {
public:
    using socket = net::socket_server::socket;

    stream_session(socket accepted, answer_function answer, server_limits limits);

    awaitable<void> run() override;
    void abort() override;
    [[nodiscard]] bool idle() const noexcept override { return !answering_; }

private:
    awaitable<bool> read(std::string& whole);
    awaitable<bool> serve_one();
    void end_at(steady_time when);

    socket socket_;
    answer_function answer_;
    server_limits limits_;
    net::watchdog timer_;
    steady_time end_;
    bool answering_ = false;
};

} // namespace evercert::dns
