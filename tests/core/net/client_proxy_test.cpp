#include "tests/core/net/client_setup.hpp"

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(client_setup, "A proxy is asked for a tunnel, with credentials; TLS is with the origin") {
    serve([](auto, auto) { return reply(ok("through")); });
    scripted_proxy proxy(loop, "HTTP/1.1 200 Connection established\r\nContent-Length: 99\r\n\r\n");
    proxy.relay_to = server->port();
    auto s = settings();
    s.https_proxy = fmt::format("http://al%40ice:s%3Acret@127.0.0.1:{}/", proxy.port);
    client_with(s);
    const auto url = fmt::format("https://localhost:{}/x", server->port());
    for (int i = 0; i < 2; ++i) {
        const auto answer = send({"GET", url});
        INFO((answer ? "" : answer.error().text()));
        REQUIRE(answer.has_value());
        CHECK(answer->body == "through");
    }
    REQUIRE(proxy.requests.size() == 1);
    CHECK(proxy.requests[0] ==
          fmt::format("CONNECT localhost:{0} HTTP/1.1\r\nHost: localhost:{0}\r\nUser-Agent: "
                      "evercert/test\r\nProxy-Authorization: Basic YWxAaWNlOnM6Y3JldA==\r\n\r\n",
                      server->port()));
    CHECK(server->requests[0].find("Proxy-Authorization") == std::string::npos);

    s.no_proxy = "example.org, localhost";
    client_with(s);
    REQUIRE(send({"GET", url}).has_value());
    CHECK(proxy.requests.size() == 1);
}

TEST_CASE_METHOD(client_setup, "A proxy that refuses, or says what it should not, is named in the error") {
    struct row {
        std::string answer;
        errc code;
        std::string text;
    };
    const auto wanted = GENERATE(values<row>({
        {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", errc::network, "https_proxy"},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n12345", errc::network, "status 403"},
        {"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", errc::network, "status 302"},
        {"SSH-2.0-x\r\n\r\n", errc::protocol, "the proxy"},
        {"HTTP/1.1 200 OK\r\n\r\nextra bytes", errc::protocol, "before the TLS handshake"},
    }));
    INFO(wanted.answer);
    scripted_proxy proxy(loop, wanted.answer);
    serve([](auto, auto) { return reply(ok("x")); });
    proxy.relay_to = server->port();
    auto s = settings();
    s.https_proxy = fmt::format("127.0.0.1:{}", proxy.port);
    client_with(s);
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == wanted.code);
    CHECK(says(answer, wanted.text));
    CHECK(server->requests.empty());
}

TEST_CASE_METHOD(client_setup,
                 "A proxy setting that cannot be used fails every request instead of going round it") {
    serve([](auto, auto) { return reply(ok("x")); });
    for (const auto* text :
         {"socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://a b:1", "http://%zz@h:1"}) {
        auto s = settings();
        s.https_proxy = text;
        client_with(s);
        INFO(text);
        CHECK(says(get(), "https_proxy"));
    }
    CHECK(server->connections == 0);
}
