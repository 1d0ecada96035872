#pragma once
// The http-01 solver on a free port of loopback, and raw peers.
#include "solvers/http01/http01_solver.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
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

struct http01_setup {
    void make(std::vector<net::listen_address> listen, bool redirect = false) {
        solvers::http01_settings settings;
        settings.listen = std::move(listen);
        settings.redirect_to_https = redirect;
        solver = solvers::make_http01_solver(loop.get_executor(), events, std::move(settings));
    }

    http01_setup() { make({endpoint{"127.0.0.1", 0}}); }

    /// Runs until the task has ended.
    template <class Task>
    void run(Task task) {
        bool done = false;
        asio::co_spawn(loop, std::move(task), [&](std::exception_ptr, auto&&...) { done = true; });
        loop.restart();
        for (int i = 0; i < 1000 && !done; ++i) {
            loop.run_one_for(milliseconds(10));
        }
        REQUIRE(done);
    }

    result<void> present(challenge_task task) {
        result<void> out = fail(errc::internal, "never ran");
        auto step = [](solver_type& s, challenge_task t, result<void>& o) -> awaitable<void> {
            o = co_await s.present(std::move(t));
            if (o) {
                o = co_await s.wait_ready(challenge_task(identifier(), "", ""));
            }
        };
        run(step(*solver, std::move(task), out));
        return out;
    }
    void clean_up(challenge_task task) { run(solver->clean_up(std::move(task))); }

    std::string ask(const std::string& bytes, bool half_close = false) {
        std::string out;
        auto step = [](tcp::endpoint to, std::string b, bool half, std::string& o) -> awaitable<void> {
            o = co_await converse(to, std::move(b), half);
        };
        const auto at = parse_endpoint(solver->addresses().at(0)).value();
        run(step(tcp::endpoint(asio::ip::make_address(at.address), at.port), bytes, half_close, out));
        return out;
    }
    std::string get(const std::string& host, const std::string& token) {
        return ask("GET " + folder + token + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    }

    using solver_type = solvers::listening_solver;
    asio::io_context loop;
    recorded_events events;
    std::unique_ptr<solver_type> solver;
};

inline challenge_task task(const std::string& name, const std::string& token,
                           std::function<void()> on_fetched = {}) {
    return {parse_identifier(name, true).value(), token, token + ".thumbprint", std::move(on_fetched)};
}

} // namespace evercert::testing
