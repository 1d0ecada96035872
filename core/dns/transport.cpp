#include "core/dns/transport.hpp"

#include "core/dns/wire.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <memory>
#include <type_traits>

namespace evercert::dns {
namespace {

using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

/// Longer datagrams than we asked for are taken up to here.
constexpr std::size_t longest_datagram = 4096;

/// Sockets live in real time.
steady_time socket_clock() noexcept {
    return std::chrono::steady_clock::now();
}

/// A socket and the moment when what is under way on it ends. Shared with the timer's handler, which may run
/// when the coroutine has gone.
template <class Socket>
struct timed_socket {
    explicit timed_socket(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}

    Socket socket;
    asio::steady_timer timer;
    steady_time due{};
};

template <class Socket>
void wake_at(const std::shared_ptr<timed_socket<Socket>>& on, steady_time when) {
    on->due = when;
    on->timer.expires_at(when);
    auto wake = [weak = std::weak_ptr(on), when](const error_code& ec) {
        const auto alive = weak.lock();
        if (!ec && alive && alive->due == when) {
            error_code ignored;
            if constexpr (std::is_same_v<Socket, tcp::socket>) {
                // Reading goes on in steps of its own: what comes between two of them must stop the next.
                alive->socket.close(ignored);
            } else {
                alive->socket.cancel(ignored);
            }
        }
    };
    on->timer.async_wait(std::move(wake));
}

void throw_if_cancelled(const asio::cancellation_state& state) {
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
}

error unreachable(const endpoint& server, const error_code& ec) {
    return {errc::network,
            fmt::format("the DNS server {} cannot be reached: {}", to_string(server), ec.message())};
}

error too_late(const endpoint& server, milliseconds patience, const char* how) {
    return {errc::timed_out, fmt::format("the DNS server {} did not answer over {} within {}",
                                         to_string(server), how, format_duration(patience))};
}

template <class Endpoint>
result<Endpoint> socket_address(const endpoint& server) {
    error_code ec;
    const auto address = asio::ip::make_address(server.address, ec);
    if (ec || server.port == 0) {
        return fail(errc::invalid_argument, "a DNS server is given by its IP address and port",
                    server.address);
    }
    return Endpoint(address, server.port);
}

} // namespace

awaitable<result<std::string>> ask_udp(endpoint server, std::string packet, judge accept,
                                       milliseconds patience) {
    const auto to = socket_address<udp::endpoint>(server);
    if (!to) {
        co_return fail(to.error());
    }
    const auto on = std::make_shared<timed_socket<udp::socket>>(co_await asio::this_coro::executor);
    error_code ec;
    on->socket.open(to->protocol(), ec);
    if (!ec) {
        on->socket.connect(*to, ec);
    }
    if (ec) {
        co_return fail(unreachable(server, ec));
    }
    const auto start = socket_clock();
    std::string buffer(longest_datagram, '\0');
    constexpr int turns = 3;
    for (int turn = 1; turn <= turns; ++turn) {
        // The last turn waits longer than those before it, for servers that have to ask others.
        const steady_time until = start + (turn == turns ? patience : patience * turn / 4);
        co_await on->socket.async_send(asio::buffer(packet), asio::redirect_error(asio::use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec) {
            co_return fail(unreachable(server, ec));
        }
        wake_at(on, until);
        while (socket_clock() < until) { // a wake that came while nothing was under way stopped nothing
            const std::size_t size = co_await on->socket.async_receive(
                asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ec));
            throw_if_cancelled(co_await asio::this_coro::cancellation_state);
            if (ec == asio::error::operation_aborted) {
                continue;
            }
            if (ec) {
                co_return fail(unreachable(server, ec));
            }
            if (const auto bytes = std::string_view(buffer).substr(0, size); accept(bytes)) {
                co_return std::string(bytes);
            }
        }
    }
    co_return fail(too_late(server, patience, "UDP"));
}

awaitable<result<std::string>> ask_tcp(endpoint server, std::string packet, judge accept,
                                       milliseconds patience) {
    const auto to = socket_address<tcp::endpoint>(server);
    if (!to) {
        co_return fail(to.error());
    }
    const auto on = std::make_shared<timed_socket<tcp::socket>>(co_await asio::this_coro::executor);
    const steady_time end = socket_clock() + patience;
    std::string framed;
    put_u16(framed, static_cast<unsigned>(packet.size()));
    framed += packet;
    std::string answer(2, '\0');
    wake_at(on, end);
    error_code ec;
    for (int step = 0; step < 4; ++step) {
        if (step == 0) {
            co_await on->socket.async_connect(*to, asio::redirect_error(asio::use_awaitable, ec));
        } else if (step == 1) {
            co_await asio::async_write(on->socket, asio::buffer(framed),
                                       asio::redirect_error(asio::use_awaitable, ec));
        } else {
            co_await asio::async_read(on->socket, asio::buffer(answer),
                                      asio::redirect_error(asio::use_awaitable, ec));
        }
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec && socket_clock() >= end) {
            co_return fail(too_late(server, patience, "TCP"));
        }
        if (ec == asio::error::eof) {
            co_return fail(
                errc::network,
                fmt::format("the DNS server {} closed the connection without an answer", to_string(server)));
        }
        if (ec) {
            co_return fail(unreachable(server, ec));
        }
        if (step == 2) {
            wire_reader length(answer);
            answer.assign(length.u16(), '\0');
        }
    }
    if (!accept(answer)) {
        co_return fail(
            errc::protocol,
            fmt::format("the DNS server {} answered something else than it was asked", to_string(server)));
    }
    co_return answer;
}

} // namespace evercert::dns
