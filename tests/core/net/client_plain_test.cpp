// Plain http, for what is signed itself: CRLs.
#include "tests/core/net/client_setup.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct plain_setup : client_setup {
    void serve_plain(scripted_server::script what) { server.emplace(loop, std::nullopt, std::move(what)); }

    [[nodiscard]] http_request plain(const std::string& path = "/12.crl") const {
        http_request request("GET", server->url(path));
        request.allow_http = true;
        return request;
    }
};

} // namespace

TEST_CASE_METHOD(plain_setup, "Plain http is talked only where the request allows it") {
    serve_plain([](auto, auto) { return reply(ok("signed bytes")); });
    auto request = plain();
    request.allow_http = false;
    const auto refused = send(request);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(server->connections == 0);

    request = plain();
    request.headers = {{"If-None-Match", "\"abc\""}, {"If-Modified-Since", "Sat, 21 Nov 2026 00:00:00 GMT"}};
    const auto answer = send(request);
    REQUIRE(answer.has_value());
    CHECK(answer->body == "signed bytes");
    CHECK(server->requests.at(0) ==
          fmt::format(
              "GET /12.crl HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nIf-None-Match: \"abc\"\r\nIf-Modified-Since: "
              "Sat, 21 Nov 2026 00:00:00 GMT\r\nUser-Agent: evercert/test\r\n\r\n",
              server->port()));
}

TEST_CASE_METHOD(plain_setup, "A request that allows http still talks TLS to an https URL, and verifies it") {
    serve([](auto, auto) { return reply(ok("x")); });
    CHECK(send(plain())->body == "x");
    serve([](auto, auto) { return reply(ok("x")); }, {"other.example"});
    CHECK(send(plain()).error().code == errc::tls);
}

TEST_CASE_METHOD(plain_setup, "Plain connections are kept, and noticed when they have been closed") {
    bool close = false;
    serve_plain([&](auto, auto) { return close ? reply(ok("x"), after::close) : reply(ok("x")); });
    for (int i = 0; i < 3; ++i) {
        REQUIRE(send(plain()).has_value());
    }
    CHECK(server->connections == 1);
    close = true;
    REQUIRE(send(plain()).has_value());
    REQUIRE(run_until(loop, [&] { return server->ended == 1; }));
    auto post = plain();
    post.method = "POST"; // would not be sent again
    REQUIRE(send(post).has_value());
    CHECK(server->connections == 2);
}

TEST_CASE_METHOD(plain_setup,
                 "A plain request never goes over a connection with TLS, nor the other way round") {
    serve([](auto, auto) { return reply(ok("x")); });
    REQUIRE(get().has_value());
    auto request = plain();
    request.url.replace(0, 5, "http");
    const auto answer = send(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(server->connections == 2);
    CHECK(server->requests.size() == 1);
    REQUIRE(get().has_value());
    CHECK(server->connections == 2);
    serve_plain([](auto, auto) { return reply(ok("x")); });
    REQUIRE(send(plain()).has_value());
    request = plain();
    request.url.replace(0, 4, "https");
    request.deadline = milliseconds(80); // the server waits for more than a ClientHello
    CHECK_FALSE(send(request).has_value());
    CHECK(server->connections == 2);
}

TEST_CASE_METHOD(plain_setup, "Neither the proxy for https nor a broken trust file concerns plain http") {
    serve_plain([](auto, auto) { return reply(ok("x")); });
    scripted_proxy proxy(loop, "HTTP/1.1 200 Connection established\r\n\r\n");
    auto s = settings();
    const bool usable = GENERATE(true, false);
    s.https_proxy = usable ? fmt::format("http://127.0.0.1:{}", proxy.port) : "socks5://127.0.0.1:1";
    s.trust = folder / "missing.pem";
    client_with(s);
    CHECK(send(plain()).has_value());
    CHECK(proxy.requests.empty());
}

TEST_CASE_METHOD(plain_setup, "Limits and deadlines hold for plain http as well") {
    serve_plain([](auto, auto request) {
        return request == 0 ? reply("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", after::hang)
                            : reply("HTTP/1.1 200", after::hang);
    });
    auto request = plain();
    request.body_limit = 1000;
    CHECK(send(request).error().code == errc::too_large);
    server.reset();
    serve_plain([](auto, auto) { return reply("HTTP/1.1 200 OK\r\n", after::hang); });
    request = plain();
    request.deadline = milliseconds(80);
    CHECK(send(request).error().code == errc::timed_out);
    server.reset();
    serve_plain([](auto, auto) {
        return reply("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: "
                     "0\r\n\r\n");
    });
    CHECK(send(plain())->status == 301);
    CHECK(server->requests.size() == 1);
}

TEST_CASE_METHOD(plain_setup,
                 "A plain answer of many megabytes arrives whole, and an unfinished one is an error") {
    const std::string body(5 * 1024 * 1024, 'c');
    serve_plain([&](auto, auto) { return reply(ok(body)); });
    auto request = plain();
    request.body_limit = 16 * 1024 * 1024;
    CHECK(send(request)->body == body);
    server.reset();
    serve_plain(
        [](auto, auto) { return reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", after::cut); });
    CHECK(send(plain()).error().code == errc::network);
}

TEST_CASE_METHOD(plain_setup,
                 "What does not belong into a plain request is refused before anything is sent") {
    serve_plain([](auto, auto) { return reply(ok("x")); });
    for (const auto* url : {"http://user@127.0.0.1/", "http://127.1/", "http://127.0.0.1/\r\nX: y",
                            "ftp://127.0.0.1/", "http://", "http://127.0.0.1:0/"}) {
        auto request = plain();
        request.url = url;
        INFO(url);
        CHECK(send(request).error().code == errc::invalid_argument);
    }
    CHECK(server->connections == 0);
}
