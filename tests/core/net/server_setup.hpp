#pragma once
// A server on loopback that remembers what it was asked, and the bytes to ask it with.
#include "core/net/http_server.hpp"
#include "tests/core/net/fixture.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>
#include <sys/socket.h>

namespace evercert::testing {

/// A server that remembers what it was asked and answers "hello".
struct server_setup {
    void start(net::server_limits limits, milliseconds work = milliseconds(0)) {
        server = net::make_http_server(
            loop.get_executor(), events, limits,
            [this, work](net::server_request request) { return answer(*this, std::move(request), work); });
        const auto open = server->listen(endpoint{"127.0.0.1", 0});
        REQUIRE(open.has_value());
        where = tcp::endpoint(asio::ip::address_v4::loopback(),
                              parse_endpoint(server->addresses().at(0)).value().port);
    }

    server_setup() {
        net::server_limits limits;
        limits.header_bytes = 1024;
        limits.body_bytes = 64;
        start(limits);
    }

    static awaitable<net::server_response> answer(server_setup& self, net::server_request request,
                                                  milliseconds work) {
        if (work.count() > 0) {
            asio::steady_timer timer(co_await asio::this_coro::executor, work);
            co_await timer.async_wait(asio::use_awaitable);
        }
        self.seen.push_back(std::move(request));
        if (self.seen.back().path == "/throw") {
            throw std::runtime_error("boom");
        }
        co_return self.response;
    }

    std::string ask(const std::string& bytes, bool half_close = true) {
        return run(loop, converse(where, bytes, half_close));
    }

    asio::io_context loop;
    recorded_events events;
    std::vector<net::server_request> seen;
    net::server_response response{200, "hello"};
    std::unique_ptr<net::http_server> server;
    tcp::endpoint where;
};

/// The first status of an answer, 0 if there was none.
inline unsigned status_of(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 ")
               ? static_cast<unsigned>(std::strtoul(answer.c_str() + 9, nullptr, 10))
               : 0;
}

inline std::size_t answers_in(const std::string& text) {
    std::size_t n = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1)) {
        ++n;
    }
    return n;
}

inline std::string get(const std::string& headers = "Host: a\r\n", const std::string& target = "/") {
    return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

inline std::string post(const std::string& headers, const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
}

inline const std::string chunked = "Transfer-Encoding: chunked\r\n";

/// A connection that the test holds open.
inline std::unique_ptr<tcp::socket> hold(asio::io_context& loop, tcp::endpoint where) {
    auto socket = std::make_unique<tcp::socket>(loop);
    socket->connect(where);
    run_for(loop, milliseconds(2));
    return socket;
}

inline bool is_open(asio::io_context& loop, tcp::socket& socket) {
    run_for(loop, milliseconds(2));
    char byte = 0;
    const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && errno == EAGAIN;
}

} // namespace evercert::testing
