#include "core/base/stop_signal.hpp"
#include "tests/core/net/client_setup.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(client_setup, "A response arrives with status, headers and body; the request is complete") {
    serve([](auto, auto) {
        return reply("HTTP/1.1 201 Created\r\nReplay-Nonce: abc\r\nLink: <a>\r\nlink: <b>\r\nContent-Length: "
                     "5\r\n\r\nhello");
    });
    http_request request("POST", server->url("/acme/new?x=1"));
    request.headers.emplace_back("Content-Type", "application/jose+json");
    request.body = "{}";
    const auto response = send(request);
    REQUIRE(response.has_value());
    CHECK(response->status == 201);
    CHECK(response->body == "hello");
    CHECK(response->header("replay-nonce") == "abc");
    CHECK(response->all("Link").size() == 2);
    REQUIRE(server->requests.size() == 1);
    CHECK(server->requests[0] ==
          fmt::format("POST /acme/new?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: "
                      "application/jose+json\r\nUser-Agent: evercert/test\r\nContent-Length: "
                      "2\r\n\r\n{{}}",
                      server->port()));
}

TEST_CASE_METHOD(
    client_setup,
    "An empty POST says that its length is 0; HEAD needs no body; interim answers are passed over") {
    serve([](auto, auto request) {
        return request == 0
                   ? reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                           ok("done"))
                   : reply("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    });
    const auto posted = post("");
    REQUIRE(posted.has_value());
    CHECK(posted->body == "done");
    CHECK(server->requests[0].find("Content-Length: 0\r\n") != std::string::npos);
    const auto head = send({"HEAD", server->url()});
    REQUIRE(head.has_value());
    CHECK(head->status == 200);
    CHECK(head->body.empty());
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(client_setup,
                 "PUT, PATCH and DELETE are sent as they are; what may have a body says its length") {
    serve([](auto, auto) { return reply("HTTP/1.1 204 No Content\r\n\r\n"); });
    struct row {
        std::string method;
        std::string body;
        std::string length; ///< empty: no Content-Length
    };
    const std::vector<row> rows{{"PUT", "{}", "2"}, {"PUT", "", "0"},   {"PATCH", "[1]", "3"},
                                {"PATCH", "", "0"}, {"DELETE", "", ""}, {"DELETE", "x", "1"},
                                {"GET", "", ""},    {"POST", "", "0"}};
    for (const auto& each : rows) {
        CAPTURE(each.method, each.body);
        http_request request(each.method, server->url("/zone"));
        request.body = each.body;
        const auto answer = send(std::move(request));
        REQUIRE(answer.has_value());
        CHECK(answer->status == 204);
        const auto& sent = server->requests.back();
        CHECK(sent.starts_with(each.method + " /zone HTTP/1.1\r\n"));
        CHECK(sent.ends_with("\r\n\r\n" + each.body));
        const bool says_length = sent.find("Content-Length: " + each.length + "\r\n") != std::string::npos;
        CHECK(says_length == !each.length.empty());
        CHECK((sent.find("Content-Length") == std::string::npos) == each.length.empty());
    }
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(client_setup, "PUT, PATCH and DELETE are not sent again on a fresh connection") {
    for (const std::string method : {"PUT", "PATCH", "DELETE"}) {
        CAPTURE(method);
        client_with(settings());
        serve([](auto, auto request) { return request == 0 ? reply(ok("x")) : reply("", after::cut); });
        REQUIRE(get().has_value());
        const auto answer = send({method, server->url()});
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().code == errc::network);
        CHECK(server->requests.size() == 2);
    }
}

TEST_CASE_METHOD(client_setup, "Connections are kept and used again, and closed when the server says so") {
    serve([](auto connection, auto) {
        return connection == 0 ? reply(ok("1")) : reply(ok("2", "Connection: close\r\n"), after::hang);
    });
    for (int i = 0; i < 5; ++i) {
        REQUIRE(post("x").has_value());
    }
    CHECK(server->connections == 1);
    client_with(settings());
    REQUIRE(post("x").has_value());
    REQUIRE(post("x").has_value());
    CHECK(server->connections == 3);
}

TEST_CASE_METHOD(client_setup, "A new connection to a known origin resumes the TLS session") {
    serve([](auto, auto) { return reply(ok("x", "Connection: close\r\n"), after::close); });
    REQUIRE(get().has_value());
    REQUIRE(get().has_value());
    CHECK(server->connections == 2);
    CHECK(server->resumed == 1);
}

TEST_CASE_METHOD(client_setup,
                 "A kept connection that was closed meanwhile is noticed before it is used, also for POST") {
    serve([](auto, auto) { return reply(ok("x"), after::close); });
    REQUIRE(post("1").has_value());
    REQUIRE(run_until(loop, [&] { return server->ended == 1 || server->connections == 1; }));
    run_for(loop, milliseconds(5));
    REQUIRE(post("2").has_value());
    CHECK(server->connections == 2);
}

TEST_CASE_METHOD(client_setup,
                 "A kept connection that breaks during the request: GET is sent again once, POST is not") {
    serve([](auto, auto request) { return request == 0 ? reply(ok("x")) : reply("", after::cut); });
    REQUIRE(get().has_value());
    const auto again = get();
    REQUIRE(again.has_value());
    CHECK(server->connections == 2);
    CHECK(server->requests.size() == 3);
    const auto posted = post("nonce");
    REQUIRE_FALSE(posted.has_value());
    CHECK(posted.error().code == errc::network);
    CHECK(server->requests.size() == 4);
}

TEST_CASE_METHOD(client_setup, "A fresh connection that breaks is not tried again") {
    serve([](auto, auto) { return reply("", after::cut); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
    CHECK(server->requests.size() == 1);
}

TEST_CASE_METHOD(client_setup, "An idle connection is dropped after its time") {
    auto s = settings();
    s.idle = milliseconds(20);
    client_with(s);
    serve([](auto, auto) { return reply(ok("x")); });
    REQUIRE(get().has_value());
    CHECK(server->ended == 0);
    CHECK(run_until(loop, [&] { return server->ended == 1; }));
}

TEST_CASE_METHOD(client_setup, "A body that ends with the connection is whole after a TLS close") {
    serve([](auto, auto) { return reply("HTTP/1.1 200 OK\r\n\r\nall of it", after::close); });
    const auto answer = get();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "all of it");
}

TEST_CASE_METHOD(client_setup, "A chunked answer without content may come a byte at a time") {
    serve([](auto, auto) {
        return reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", after::drip);
    });
    const auto answer = get();
    REQUIRE(answer.has_value());
    CHECK(answer->body.empty());
}

TEST_CASE_METHOD(client_setup, "One deadline covers the whole exchange, however busy the server is") {
    const auto then = GENERATE(after::drip, after::hang);
    serve(
        [then](auto, auto) { return reply(then == after::hang ? "HTTP/1.1 200 OK\r\n" : ok("slow"), then); });
    http_request request("GET", server->url());
    request.deadline = milliseconds(100);
    const auto start = std::chrono::steady_clock::now();
    const auto answer = send(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::timed_out);
    CHECK(std::chrono::steady_clock::now() - start < seconds(2));
}

TEST_CASE_METHOD(client_setup, "All addresses of a name are tried") {
    serve([](auto, auto) { return reply(ok("x")); }); // localhost is ::1 first, where nobody listens
    CHECK(send({"GET", server->url("/", "localhost")}).has_value());
}

TEST_CASE_METHOD(client_setup, "Redirects are values and are never followed") {
    serve([&](auto, auto) {
        return reply("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n");
    });
    const auto answer = get();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 302);
    CHECK(server->requests.size() == 1);
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(client_setup,
                 "An origin gets no more connections than it may have; the others wait their turn") {
    auto s = settings();
    s.connections_per_origin = 2;
    client_with(s);
    serve([](auto, auto) { return reply(ok("x")); });
    int done = 0;
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(
            loop, client->send({"GET", server->url()}),
            [&](std::exception_ptr, result<http_response> r) { done += r.has_value() ? 1 : 1000; });
    }
    REQUIRE(run_until(loop, [&] { return done >= 20; }));
    CHECK(done == 20);
    CHECK(server->connections == 2);
    CHECK(server->requests.size() == 20);
}

TEST_CASE_METHOD(client_setup, "Waiting for a connection counts against the deadline") {
    auto s = settings();
    s.connections_per_origin = 1;
    client_with(s);
    serve([](auto, auto) { return reply("", after::hang); });
    auto ignore = [](std::exception_ptr, result<http_response>) {};
    http_request first("GET", server->url());
    first.deadline = seconds(5);
    asio::co_spawn(loop, client->send(first), ignore);
    http_request second("GET", server->url());
    second.deadline = milliseconds(50);
    const auto answer = send(second);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::timed_out);
    CHECK(says(answer, "busy"));
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(client_setup,
                 "Cancelling at any point is passed on as in Asio, and gives the connection's place back") {
    auto s = settings();
    s.connections_per_origin = 1;
    client_with(s);
    bool hang = true;
    serve([&](auto, auto) { return hang ? reply("HTTP/1.1 200", after::hang) : reply(ok("x")); });
    for (int pause = 0; pause < 12; ++pause) {
        std::vector<boost::system::error_code> seen;
        const auto first = std::make_shared<stop_signal>();
        const auto second = std::make_shared<stop_signal>();
        auto done = [&](std::exception_ptr e) {
            try {
                if (e) {
                    std::rethrow_exception(e);
                }
                seen.emplace_back();
            } catch (const boost::system::system_error& error) {
                seen.push_back(error.code());
            }
        };
        const auto ask = [this](result<http_response>& answer) -> awaitable<void> {
            http_request request("GET", server->url());
            answer = co_await client->send(std::move(request));
        };
        result<http_response> one;
        result<http_response> other;
        asio::co_spawn(loop, stop_signal::guard(first, ask(one)),
                       asio::bind_cancellation_slot(first->slot(), done));
        asio::co_spawn(loop, stop_signal::guard(second, ask(other)),
                       asio::bind_cancellation_slot(second->slot(), done));
        loop.restart();
        for (int i = 0; i < pause * 3; ++i) {
            loop.poll_one();
        }
        if (pause == 11) {
            run_for(loop, milliseconds(20)); // surely within the answer, the other one in the queue
        }
        second->emit();
        first->emit();
        REQUIRE(run_until(loop, [&] { return seen.size() == 2; }));
        // Before its first step there is nothing to abort: the task is just not run.
        const auto expected = pause == 0 ? boost::system::error_code() : asio::error::operation_aborted;
        CHECK(seen[0] == expected);
        CHECK(seen[1] == expected);
    }
    hang = false;
    CHECK(get().has_value());
}

TEST_CASE_METHOD(client_setup, "A client may go while its requests are under way") {
    serve([](auto, auto) { return reply("HTTP/1.1 200", after::hang); });
    bool ended = false;
    http_request request("GET", server->url());
    request.deadline = milliseconds(60);
    asio::co_spawn(loop, client->send(request),
                   [&](std::exception_ptr, result<http_response> r) { ended = !r; });
    run_for(loop, milliseconds(10));
    client.reset();
    CHECK(run_until(loop, [&] { return ended; }));
}

TEST_CASE_METHOD(client_setup, "No descriptors are left behind") {
    serve([](auto, auto) { return reply(ok("x", "Connection: close\r\n"), after::close); });
    REQUIRE(get().has_value());
    const auto before = open_descriptors();
    for (int i = 0; i < 10; ++i) {
        REQUIRE(get().has_value());
    }
    run_for(loop, milliseconds(5));
    CHECK(open_descriptors() <= before);
}
