#include "tests/core/net/server_setup.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(server_setup, "The handler sees the request as sent") {
    CHECK(status_of(ask(
              "POST http://B.Example.:81/p?q=1 HTTP/1.1\r\nHost: other\r\nContent-Length: 4\r\n\r\nbody")) ==
          200);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].method == "POST");
    CHECK(seen[0].path == "/p");
    CHECK(seen[0].query == "q=1");
    CHECK(seen[0].host == "b.example");
    CHECK(seen[0].authority == "B.Example.:81");
    CHECK(seen[0].body == "body");
    CHECK(seen[0].peer == "127.0.0.1");
    CHECK_FALSE(seen[0].peer_uid.has_value());
}

TEST_CASE_METHOD(server_setup, "Answers carry the server's headers and the handler's, and no others'") {
    response.headers.emplace_back("X-One", "1");
    response.headers.emplace_back("content-length", "999");
    response.headers.emplace_back("Connection", "upgrade");
    const auto answer = ask(get());
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CHECK(answer.find(" GMT\r\nServer: evercert\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello") !=
          std::string::npos);
    const auto head = ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(head.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
    response = net::server_response(204);
    const auto empty = ask(get());
    CHECK(empty.find("Content-Length") == std::string::npos);
    CHECK(empty.ends_with("\r\n\r\n"));
    response = net::server_response(200, "x");
    response.headers.emplace_back("X", "a\r\nEvil: 1");
    CHECK(status_of(ask(get())) == 500);
    CHECK(ask(get()).find("Evil") == std::string::npos);
}

TEST_CASE_METHOD(server_setup,
                 "A handler that throws is our mistake: 500 and an event, and the server goes on") {
    CHECK(status_of(ask(get("Host: a\r\n", "/throw"))) == 500);
    REQUIRE(events.count("http.handler_failed") == 1);
    CHECK(ask(get("Host: a\r\n", "/throw")).find("boom") == std::string::npos);
    CHECK(status_of(ask(get())) == 200);
}

TEST_CASE_METHOD(server_setup,
                 "Connections are kept, pipelined requests answered in order, and closed when asked") {
    CHECK(answers_in(ask(get() + get() + get())) == 3);
    CHECK(seen.size() == 3);
    CHECK(answers_in(ask(get("Host: a\r\nConnection: close\r\n") + get())) == 1);
    CHECK(answers_in(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get())) == 1);
    CHECK(answers_in(
              ask(post("Content-Length: 3\r\n", "abc") + post(chunked, "1\r\nx\r\n0\r\n\r\n") + get())) == 3);
    const auto bad_second = ask(get() + "broken\r\n\r\n" + get());
    CHECK(answers_in(bad_second) == 2);
    CHECK(bad_second.find("HTTP/1.1 400") != std::string::npos);
}

TEST_CASE_METHOD(server_setup, "100-continue is sent to who waits for it, not to who sends at once") {
    auto exchange = [](tcp::endpoint to) -> awaitable<std::string> {
        tcp::socket socket(co_await asio::this_coro::executor);
        co_await socket.async_connect(to, asio::use_awaitable);
        const std::string head =
            post("Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n", "");
        co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
        std::string go(25, ' ');
        co_await asio::async_read(socket, asio::buffer(go), asio::use_awaitable);
        const std::string body = "ab";
        co_await asio::async_write(socket, asio::buffer(body), asio::use_awaitable);
        std::string status(12, ' ');
        co_await asio::async_read(socket, asio::buffer(status), asio::use_awaitable);
        co_return go + status;
    };
    CHECK(run(loop, exchange(where)) == "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200");
    CHECK(seen.at(0).body == "ab");
    const auto refused = ask(post("Expect: 100-continue\r\nContent-Length: 100\r\n", ""), false);
    CHECK(status_of(refused) == 413);
}

TEST_CASE_METHOD(server_setup, "Everything on a connection ends at the one deadline set at accept") {
    net::server_limits limits;
    limits.lifetime = milliseconds(100);
    limits.body_bytes = 1000;
    start(limits);
    const auto start_time = std::chrono::steady_clock::now();
    for (const auto& bytes : {std::string(), std::string("GET / HT"), get() + "GET",
                              post("Content-Length: 9\r\n", "1"), post(chunked, "5\r\nab")}) {
        INFO(bytes);
        ask(bytes, false);
    }
    auto drip = [](tcp::endpoint to) -> awaitable<std::string> {
        tcp::socket socket(co_await asio::this_coro::executor);
        co_await socket.async_connect(to, asio::use_awaitable);
        asio::steady_timer timer(co_await asio::this_coro::executor);
        try {
            for (;;) {
                const std::string byte = "x";
                co_await asio::async_write(socket, asio::buffer(byte), asio::use_awaitable);
                timer.expires_after(milliseconds(5));
                co_await timer.async_wait(asio::use_awaitable);
            }
        } catch (const boost::system::system_error& e) {
            co_return e.what();
        }
    };
    CHECK(run(loop, drip(where)) != "");
    CHECK(std::chrono::steady_clock::now() - start_time < seconds(3));
    start(limits, seconds(5)); // a handler that takes too long is cancelled with its connection
    CHECK(ask(get(), false) == "");
    CHECK(std::chrono::steady_clock::now() - start_time < seconds(4));
    CHECK(events.all.empty());
}

TEST_CASE_METHOD(server_setup, "One source gets only so many connections, and gets them back") {
    net::server_limits limits;
    limits.per_source = 3;
    start(limits);
    std::vector<std::unique_ptr<tcp::socket>> held;
    for (int i = 0; i < 3; ++i) {
        held.push_back(hold(loop, where));
    }
    CHECK(is_open(loop, *held.back()));
    CHECK(ask(get(), false) == "");
    held.pop_back();
    run_for(loop, milliseconds(5));
    CHECK(status_of(ask(get())) == 200);
}

TEST_CASE_METHOD(server_setup, "At the limit of connections the one silent for longest makes room") {
    net::server_limits limits;
    limits.connections = 3;
    start(limits);
    std::vector<std::unique_ptr<tcp::socket>> held;
    for (int i = 0; i < 3; ++i) {
        held.push_back(hold(loop, where));
    }
    CHECK(status_of(ask(get())) == 200);
    CHECK_FALSE(is_open(loop, *held[0]));
    CHECK(is_open(loop, *held[1]));
    CHECK(is_open(loop, *held[2]));
}

TEST_CASE_METHOD(server_setup,
                 "Without descriptors connections are turned away, said once, and the server recovers") {
    for (int spell = 0; spell < 2;
         ++spell) { // a flood comes and goes at the limit: that is no reason to say it again
        std::vector<int> fill;
        rlimit old{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
        std::vector<tcp::socket> waiting;
        for (int i = 0; i < 5; ++i) {
            waiting.emplace_back(loop).open(tcp::v4());
        }
        rlimit low = old;
        low.rlim_cur = std::min<rlim_t>(old.rlim_cur, 200);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
        for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::open("/dev/null", O_RDONLY)) {
            fill.push_back(fd);
        }
        for (auto& socket : waiting) {
            socket.connect(where);
        }
        run_for(loop, milliseconds(20));
        bool all_closed = true;
        for (auto& socket : waiting) {
            char byte = 0;
            all_closed = all_closed && ::recv(socket.native_handle(), &byte, 1, MSG_DONTWAIT) >= 0;
        }
        for (const int fd : fill) {
            ::close(fd);
        }
        ::setrlimit(RLIMIT_NOFILE, &old);
        CHECK(all_closed);
        CHECK(events.count("http.descriptors_exhausted") == 1);
        CHECK(status_of(ask(get())) == 200);
    }
}

TEST_CASE_METHOD(server_setup,
                 "stop lets a request under way finish, closes idle connections and frees the address") {
    start(net::server_limits(), milliseconds(30));
    const auto idle = hold(loop, where);
    std::string answer;
    asio::co_spawn(loop, converse(where, get(), false),
                   [&](std::exception_ptr, std::string a) { answer = a; });
    run_for(loop, milliseconds(5));
    bool stopped = false;
    asio::co_spawn(loop, server->stop(), [&](std::exception_ptr) { stopped = true; });
    run_for(loop, milliseconds(5));
    CHECK_FALSE(is_open(loop, *idle));
    CHECK_FALSE(stopped);
    CHECK(run_until(loop, [&] { return stopped && !answer.empty(); }));
    CHECK(status_of(answer) == 200);
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(server->addresses().empty());
    tcp::socket late(loop);
    boost::system::error_code ec;
    late.connect(where, ec);
    CHECK(ec == asio::error::connection_refused);
    CHECK(server->listen(endpoint{"127.0.0.1", where.port()}).has_value());
    CHECK(status_of(ask(get())) == 200);
}

TEST_CASE_METHOD(server_setup, "A server may go while requests are under way") {
    start(net::server_limits(), milliseconds(20));
    std::string answer = "?";
    asio::co_spawn(loop, converse(where, get(), false),
                   [&](std::exception_ptr, std::string a) { answer = a; });
    run_for(loop, milliseconds(5));
    server.reset();
    CHECK(run_until(loop, [&] { return answer != "?"; }));
    CHECK(answer.empty());
}
