#pragma once
// The http-01 solver on a free port of loopback, and raw peers.
#include "solvers/http01/http01_solver.hpp"
#include "tests/solvers/listening_setup.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace evercert::testing {

using asio::ip::tcp;

inline const std::string folder = "/.well-known/acme-challenge/";

inline awaitable<std::string> converse(tcp::endpoint where, std::string bytes, bool half_close = false) {
    tcp::socket socket(co_await asio::this_coro::executor);
    boost::system::error_code ec;
    co_await socket.async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
        co_await asio::async_write(socket, asio::buffer(bytes),
                                   asio::redirect_error(asio::use_awaitable, ec));
    }
    if (half_close) {
        socket.shutdown(tcp::socket::shutdown_send, ec);
        ec.clear(); // it may be closed already, with an answer to be read
    }
    std::string out;
    std::array<char, 4096> space{};
    while (!ec) {
        const auto n = co_await socket.async_read_some(asio::buffer(space),
                                                       asio::redirect_error(asio::use_awaitable, ec));
        out.append(space.data(), n);
    }
    co_return out;
}

struct http01_setup : listening_setup<solvers::listening_solver> {
    void make(std::vector<net::listen_address> listen, bool redirect = false) {
        solvers::http01_settings settings;
        settings.listen = std::move(listen);
        settings.redirect_to_https = redirect;
        solver = solvers::make_http01_solver(loop.get_executor(), events, std::move(settings));
    }

    http01_setup() { make({endpoint{"127.0.0.1", 0}}); }

    std::string ask(const std::string& bytes, bool half_close = false) {
        std::string out;
        auto step = [](tcp::endpoint to, std::string b, bool half, std::string& o) -> awaitable<void> {
            o = co_await converse(to, std::move(b), half);
        };
        run(step(place(), bytes, half_close, out));
        return out;
    }
    std::string get(const std::string& host, const std::string& token) {
        return ask("GET " + folder + token + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    }
};

} // namespace evercert::testing
