#include "core/net/http_client.hpp"

#include "tests/core/net/fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace evercert;
using namespace evercert::testing;
using after = reply::then;

namespace {

/// A root, its trust file, a client and whatever server the test wants.
struct setup {
    net::http_client_settings settings() const {
        net::http_client_settings s;
        s.trust = trust;
        s.user_agent = "evercert/test";
        return s;
    }

    void serve(scripted_server::script what, const std::vector<std::string>& names = {"127.0.0.1", "localhost"}) {
        server.emplace(loop, root.issue(names), std::move(what));
    }

    void client_with(net::http_client_settings s) { client = net::make_http_client(loop.get_executor(), std::move(s)); }

    result<http_response> send(http_request request) { return run(loop, client->send(std::move(request))); }
    result<http_response> get(const std::string& path = "/") { return send({"GET", server->url(path)}); }
    result<http_response> post(const std::string& body) {
        http_request request("POST", server->url("/post"));
        request.body = body;
        return send(std::move(request));
    }

    setup() {
        trust = folder.file("root.pem", root.root);
        client_with(settings());
    }

    asio::io_context loop;
    temp_folder folder;
    test_root root;
    std::string trust;
    std::unique_ptr<http_client> client;
    std::optional<scripted_server> server;
};

bool says(const result<http_response>& r, std::string_view what) {
    return !r && r.error().text().find(what) != std::string::npos;
}

} // namespace

TEST_CASE_METHOD(setup, "A response arrives with status, headers and body; the request is complete") {
    serve([](auto, auto) {
        return reply("HTTP/1.1 201 Created\r\nReplay-Nonce: abc\r\nLink: <a>\r\nlink: <b>\r\nContent-Length: 5\r\n\r\nhello");
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
    CHECK(server->requests[0] == fmt::format("POST /acme/new?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: "
                                             "application/jose+json\r\nUser-Agent: evercert/test\r\nContent-Length: "
                                             "2\r\n\r\n{{}}",
                                             server->port()));
}

TEST_CASE_METHOD(setup, "An empty POST says that its length is 0; HEAD needs no body; interim answers are passed over") {
    serve([](auto, auto request) {
        return request == 0 ? reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("done"))
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

TEST_CASE_METHOD(setup, "Connections are kept and used again, and closed when the server says so") {
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

TEST_CASE_METHOD(setup, "A new connection to a known origin resumes the TLS session") {
    serve([](auto, auto) { return reply(ok("x", "Connection: close\r\n"), after::close); });
    REQUIRE(get().has_value());
    REQUIRE(get().has_value());
    CHECK(server->connections == 2);
    CHECK(server->resumed == 1);
}

TEST_CASE_METHOD(setup, "A kept connection that was closed meanwhile is noticed before it is used, also for POST") {
    serve([](auto, auto) { return reply(ok("x"), after::close); });
    REQUIRE(post("1").has_value());
    REQUIRE(run_until(loop, [&] { return server->ended == 1 || server->connections == 1; }));
    run_for(loop, milliseconds(5));
    REQUIRE(post("2").has_value());
    CHECK(server->connections == 2);
}

TEST_CASE_METHOD(setup, "A kept connection that breaks during the request: GET is sent again once, POST is not") {
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

TEST_CASE_METHOD(setup, "A fresh connection that breaks is not tried again") {
    serve([](auto, auto) { return reply("", after::cut); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
    CHECK(server->requests.size() == 1);
}

TEST_CASE_METHOD(setup, "An idle connection is dropped after its time") {
    auto s = settings();
    s.idle = milliseconds(20);
    client_with(s);
    serve([](auto, auto) { return reply(ok("x")); });
    REQUIRE(get().has_value());
    CHECK(server->ended == 0);
    CHECK(run_until(loop, [&] { return server->ended == 1; }));
}

TEST_CASE_METHOD(setup, "Answers that are too large are refused, announced or not") {
    const auto [bytes, then] = GENERATE(
        std::pair("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", after::hang),
        std::pair("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n", after::hang),
        std::pair("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", after::hang));
    INFO(bytes);
    serve([b = bytes, t = then](auto, auto) { return reply(b, t); });
    http_request request("GET", server->url());
    request.body_limit = 1000;
    const auto answer = send(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::too_large);
}

TEST_CASE_METHOD(setup, "Endless bodies and headers end at the limit") {
    const auto start = GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    INFO(start);
    const bool chunked = start.ends_with("chunked\r\n\r\n");
    std::string filler;
    for (int i = 0; i < 100; ++i) {
        filler += chunked ? "4\r\nabcd\r\n" : "X-Header: abcdefgh";
        filler += start.ends_with("OK\r\n") ? "\r\n" : "";
    }
    if (start.ends_with("1;")) {
        filler = std::string(4096, 'a');
    }
    std::string all = start;
    while (all.size() < 3 * 1024 * 1024) {
        all += filler;
    }
    serve([all](auto, auto) { return reply(all, after::hang); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::too_large);
}

TEST_CASE_METHOD(setup, "What is not HTTP is a protocol error") {
    const auto bytes = GENERATE(
        as<std::string>(), "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nxx", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    INFO(bytes);
    serve([bytes](auto, auto) { return reply(bytes, after::close); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::protocol);
}

TEST_CASE_METHOD(setup, "An answer that ends early is a network error") {
    const auto bytes = GENERATE(as<std::string>(), "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                                "HTTP/1.1 200 OK\r\n\r\nuntil the end, but cut");
    INFO(bytes);
    serve([bytes](auto, auto) { return reply(bytes, after::cut); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
}

TEST_CASE_METHOD(setup, "A body that ends with the connection is whole after a TLS close") {
    serve([](auto, auto) { return reply("HTTP/1.1 200 OK\r\n\r\nall of it", after::close); });
    const auto answer = get();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "all of it");
}

TEST_CASE_METHOD(setup, "One deadline covers the whole exchange, however busy the server is") {
    const auto then = GENERATE(after::drip, after::hang);
    serve([then](auto, auto) { return reply(then == after::hang ? "HTTP/1.1 200 OK\r\n" : ok("slow"), then); });
    http_request request("GET", server->url());
    request.deadline = milliseconds(100);
    const auto start = std::chrono::steady_clock::now();
    const auto answer = send(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::timed_out);
    CHECK(std::chrono::steady_clock::now() - start < seconds(2));
}

TEST_CASE_METHOD(setup, "A server that never shakes hands, and a lookup without answer, end at the deadline") {
    tcp::acceptor silent(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    http_request request("GET", fmt::format("https://127.0.0.1:{}/", silent.local_endpoint().port()));
    request.deadline = milliseconds(80);
    CHECK(send(request).error().code == errc::timed_out);
    request.url = "https://no-such-host.invalid/";
    const auto start = std::chrono::steady_clock::now();
    const auto unknown = send(request);
    REQUIRE_FALSE(unknown.has_value());
    CHECK((unknown.error().code == errc::network || unknown.error().code == errc::timed_out));
    CHECK(says(unknown, "no-such-host.invalid"));
    CHECK(std::chrono::steady_clock::now() - start < seconds(2));
}

TEST_CASE_METHOD(setup, "A closed port is a network error that names every address") {
    tcp::acceptor gone(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = gone.local_endpoint().port();
    gone.close();
    const auto answer = send({"GET", fmt::format("https://localhost:{}/", port)});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
    CHECK(says(answer, "127.0.0.1: Connection refused"));
}

TEST_CASE_METHOD(setup, "All addresses of a name are tried") {
    serve([](auto, auto) { return reply(ok("x")); }); // localhost is ::1 too on most hosts, where nobody listens
    CHECK(send({"GET", server->url("/", "localhost")}).has_value());
}

TEST_CASE_METHOD(setup, "Redirects are values and are never followed") {
    serve([&](auto, auto) {
        return reply("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n");
    });
    const auto answer = get();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 302);
    CHECK(server->requests.size() == 1);
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(setup, "Certificates for another name, expired ones and unknown roots are refused, and the error says so") {
    serve([](auto, auto) { return reply(ok("x")); }, {"other.example"});
    auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::tls);
    CHECK(says(answer, "IP address mismatch"));
    CHECK(says(answer, "other.example"));
    answer = send({"GET", server->url("/", "localhost")});
    CHECK(says(answer, "hostname mismatch"));

    server.emplace(loop, root.issue({"127.0.0.1"}, true), [](auto, auto) { return reply(ok("x")); });
    answer = get();
    CHECK(says(answer, "expired"));
    CHECK(answer.error().code == errc::tls);

    const test_root stranger;
    server.emplace(loop, stranger.issue({"127.0.0.1"}), [](auto, auto) { return reply(ok("x")); });
    answer = get();
    CHECK(says(answer, "trust"));
    CHECK(answer.error().code == errc::tls);
    CHECK(server->requests.empty());
}

TEST_CASE_METHOD(setup, "A plain server on the port is a TLS error, not a hang") {
    scripted_proxy plain(loop, "HTTP/1.1 400 Bad Request\r\n\r\n");
    tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto greet = [](tcp::acceptor& a) -> awaitable<void> {
        auto socket = co_await a.async_accept(asio::use_awaitable);
        const std::string hello = "220 mail.example ESMTP\r\n";
        socket.send(asio::buffer(hello));
    };
    asio::co_spawn(loop, greet(acceptor), asio::detached);
    const auto answer = send({"GET", fmt::format("https://127.0.0.1:{}/", acceptor.local_endpoint().port())});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::tls);
}

TEST_CASE_METHOD(setup, "A trust file that cannot be used fails every request until it is repaired") {
    serve([](auto, auto) { return reply(ok("x")); });
    auto s = settings();
    s.trust = (folder.path / "missing.pem").string();
    client_with(s);
    auto answer = get();
    CHECK(says(answer, "missing.pem"));
    folder.file("missing.pem", "");
    CHECK(says(get(), "holds no certificate"));
    folder.file("missing.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    CHECK(says(get(), "holds no certificate"));
    folder.file("missing.pem", root.root + "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    CHECK(says(get(), "damaged after certificate 1"));
    std::filesystem::remove(folder.path / "missing.pem");
    std::filesystem::create_directory(folder.path / "missing.pem");
    CHECK(says(get(), "missing.pem"));
    std::filesystem::remove(folder.path / "missing.pem");
    CHECK(server->connections == 0);
    folder.file("missing.pem", "# our roots\n" + root.root);
    CHECK(get().has_value());
}

TEST_CASE_METHOD(setup, "What does not belong into a request is refused before anything is sent") {
    serve([](auto, auto) { return reply(ok("x")); });
    const std::string good = server->url();
    std::vector<http_request> bad = {
        {"GET", "http://127.0.0.1:" + std::to_string(server->port()) + "/"},
        {"GET", "https://user:pw@127.0.0.1/"},
        {"GET", good + "a\r\nX: y"},
        {"GET", ""},
        {"DELETE", good},
        {"GET\r\n", good},
        {"get", good},
    };
    for (const auto& [name, value] : std::vector<http_header>{{"A", "b\r\nC: d"},
                                                              {"A\r\n", "b"},
                                                              {"A", std::string("b\0c", 3)},
                                                              {"", "b"},
                                                              {"A B", "c"},
                                                              {"A", "\x80"},
                                                              {"Host", "evil"},
                                                              {"content-length", "5"},
                                                              {"Transfer-Encoding", "chunked"},
                                                              {"Connection", "upgrade"},
                                                              {"A", std::string(40000, 'x')}}) {
        http_request request("GET", good);
        request.headers.emplace_back(name, value);
        bad.push_back(request);
    }
    for (const auto& request : bad) {
        INFO(request.method << " " << request.url);
        const auto answer = send(request);
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().code == errc::invalid_argument);
    }
    CHECK(server->connections == 0);
}

TEST_CASE_METHOD(setup, "An origin gets no more connections than it may have; the others wait their turn") {
    auto s = settings();
    s.connections_per_origin = 2;
    client_with(s);
    serve([](auto, auto) { return reply(ok("x")); });
    int done = 0;
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(loop, client->send({"GET", server->url()}), [&](std::exception_ptr, result<http_response> r) {
            done += r.has_value() ? 1 : 1000;
        });
    }
    REQUIRE(run_until(loop, [&] { return done >= 20; }));
    CHECK(done == 20);
    CHECK(server->connections == 2);
    CHECK(server->requests.size() == 20);
}

TEST_CASE_METHOD(setup, "Waiting for a connection counts against the deadline") {
    auto s = settings();
    s.connections_per_origin = 1;
    client_with(s);
    serve([](auto, auto) { return reply("", after::hang); });
    auto ignore = [](std::exception_ptr, result<http_response>) {};
    http_request first("GET", server->url());
    first.deadline = milliseconds(500);
    asio::co_spawn(loop, client->send(first), ignore);
    http_request second("GET", server->url());
    second.deadline = milliseconds(50);
    const auto answer = send(second);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::timed_out);
    CHECK(says(answer, "busy"));
    CHECK(server->connections == 1);
}

TEST_CASE_METHOD(setup, "Cancelling at any point is passed on as in Asio, and gives the connection's place back") {
    auto s = settings();
    s.connections_per_origin = 1;
    client_with(s);
    bool hang = true;
    serve([&](auto, auto) { return hang ? reply("HTTP/1.1 200", after::hang) : reply(ok("x")); });
    for (int pause = 0; pause < 12; ++pause) {
        std::vector<boost::system::error_code> seen;
        asio::cancellation_signal first, second;
        auto done = [&](std::exception_ptr e, result<http_response>) {
            try {
                if (e) {
                    std::rethrow_exception(e);
                }
                seen.emplace_back();
            } catch (const boost::system::system_error& error) {
                seen.push_back(error.code());
            }
        };
        asio::co_spawn(loop, client->send({"GET", server->url()}), asio::bind_cancellation_slot(first.slot(), done));
        asio::co_spawn(loop, client->send({"GET", server->url()}), asio::bind_cancellation_slot(second.slot(), done));
        loop.restart();
        for (int i = 0; i < pause * 3; ++i) {
            loop.poll_one();
        }
        if (pause == 11) {
            run_for(loop, milliseconds(20)); // surely within the answer, the other one in the queue
        }
        second.emit(asio::cancellation_type::terminal);
        first.emit(asio::cancellation_type::terminal);
        REQUIRE(run_until(loop, [&] { return seen.size() == 2; }));
        CHECK(seen[0] == asio::error::operation_aborted);
        CHECK(seen[1] == asio::error::operation_aborted);
    }
    hang = false;
    CHECK(get().has_value());
}

TEST_CASE_METHOD(setup, "A client may go while its requests are under way") {
    serve([](auto, auto) { return reply("HTTP/1.1 200", after::hang); });
    bool ended = false;
    http_request request("GET", server->url());
    request.deadline = milliseconds(60);
    asio::co_spawn(loop, client->send(request), [&](std::exception_ptr, result<http_response> r) { ended = !r; });
    run_for(loop, milliseconds(10));
    client.reset();
    CHECK(run_until(loop, [&] { return ended; }));
}

TEST_CASE_METHOD(setup, "No descriptors are left behind") {
    serve([](auto, auto) { return reply(ok("x", "Connection: close\r\n"), after::close); });
    REQUIRE(get().has_value());
    const auto before = open_descriptors();
    for (int i = 0; i < 10; ++i) {
        REQUIRE(get().has_value());
    }
    run_for(loop, milliseconds(5));
    CHECK(open_descriptors() <= before);
}

TEST_CASE_METHOD(setup, "A proxy is asked for a tunnel, with credentials; TLS is with the origin") {
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
    CHECK(proxy.requests[0] == fmt::format("CONNECT localhost:{0} HTTP/1.1\r\nHost: localhost:{0}\r\nUser-Agent: "
                                           "evercert/test\r\nProxy-Authorization: Basic YWxAaWNlOnM6Y3JldA==\r\n\r\n",
                                           server->port()));
    CHECK(server->requests[0].find("Proxy-Authorization") == std::string::npos);

    s.no_proxy = "example.org, localhost";
    client_with(s);
    REQUIRE(send({"GET", url}).has_value());
    CHECK(proxy.requests.size() == 1);
}

TEST_CASE_METHOD(setup, "A proxy that refuses, or says what it should not, is named in the error") {
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

TEST_CASE_METHOD(setup, "A proxy setting that cannot be used fails every request instead of going round it") {
    serve([](auto, auto) { return reply(ok("x")); });
    for (const auto* text : {"socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://a b:1", "http://%zz@h:1"}) {
        auto s = settings();
        s.https_proxy = text;
        client_with(s);
        INFO(text);
        CHECK(says(get(), "https_proxy"));
    }
    CHECK(server->connections == 0);
}
