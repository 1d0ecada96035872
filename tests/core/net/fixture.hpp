#pragma once
// Loops, raw peers and certificates for tests with real loopback sockets. Everything runs on one loop.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ports/http_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace evercert::testing {

using asio::ip::tcp;

/// Runs the loop until the task has ended; fails the test after 10 s.
template <class T>
T run(asio::io_context& loop, awaitable<T> task) {
    std::optional<T> out;
    std::exception_ptr failed;
    auto done = [&](std::exception_ptr e, T value) {
        failed = e;
        out = std::move(value);
    };
    asio::co_spawn(loop, std::move(task), done);
    loop.restart();
    const auto give_up = std::chrono::steady_clock::now() + seconds(10);
    while (!out && std::chrono::steady_clock::now() < give_up) {
        loop.run_one_for(milliseconds(100));
    }
    REQUIRE(out.has_value());
    if (failed) {
        std::rethrow_exception(failed);
    }
    return std::move(*out);
}

/// Runs the loop until `done` says so; false after 10 s.
bool run_until(asio::io_context& loop, const std::function<bool()>& done);
/// Runs the loop for a short while.
void run_for(asio::io_context& loop, milliseconds how_long);

/// A root and what it signs, as PEM.
struct test_root {
    test_root();
    struct pair {
        std::string chain;
        std::string key;
    };
    /// For DNS names and IPv4 addresses. `expired`: ended in 2021.
    [[nodiscard]] pair issue(const std::vector<std::string>& names, bool expired = false) const;
    std::string root;

private:
    struct inside;
    std::shared_ptr<inside> inside_;
};

/// What a scripted server does with one request.
struct reply {
    enum class then { keep, close, cut, hang, endless, drip };

    std::string bytes;
    then after = then::keep; ///< cut: close without TLS close_notify; endless: send bytes for ever; drip: one
                             ///< byte each 20 ms

    reply() = default;
    explicit reply(std::string b, then a = then::keep) : bytes(std::move(b)), after(a) {}
};

/// "HTTP/1.1 200 OK" with a body and its length.
std::string ok(const std::string& body, const std::string& extra_headers = "");

/// A raw server on 127.0.0.1 that answers from a script and understands nothing; TLS if it has an identity.
class scripted_server {
public:
    using script = std::function<reply(std::size_t connection, std::size_t request)>;

    scripted_server(asio::io_context& loop, std::optional<test_root::pair> identity, script what);
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;

    std::vector<std::string> requests; ///< as received
    std::size_t connections = 0;       ///< TCP connections
    std::size_t resumed = 0;           ///< TLS handshakes that resumed a session
    std::size_t ended = 0;             ///< connections closed, by whomever

private:
    awaitable<void> accept_loop();
    awaitable<void> serve(tcp::socket socket);
    template <class Stream>
    awaitable<void> answer_all(Stream& stream, std::size_t number);
    asio::io_context& loop_;
    asio::ssl::context context_;
    bool tls_;
    script script_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
};

/// A plain proxy: reads a request head, answers with `status_line`, and relays to 127.0.0.1:port if that is a
/// 2xx.
class scripted_proxy {
public:
    scripted_proxy(asio::io_context& loop, std::string answer);
    scripted_proxy(const scripted_proxy&) = delete;
    scripted_proxy& operator=(const scripted_proxy&) = delete;
    ~scripted_proxy();

    std::uint16_t port = 0;
    std::uint16_t relay_to = 0;
    std::vector<std::string> requests;

private:
    awaitable<void> accept_loop();
    awaitable<void> serve(tcp::socket socket);
    asio::io_context& loop_;
    std::string answer_;
    tcp::acceptor acceptor_;
};

/// Sends bytes, ends our side if `half_close`, and returns all that came back until the peer closed.
awaitable<std::string> converse(tcp::endpoint where, std::string bytes, bool half_close = true);

/// How many descriptors this process has.
std::size_t open_descriptors();

} // namespace evercert::testing
