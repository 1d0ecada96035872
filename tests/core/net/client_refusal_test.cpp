#include "tests/core/net/client_setup.hpp"
#include "tests/support/test_pki.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(client_setup, "Answers that are too large are refused, announced or not") {
    const auto [bytes, then] =
        GENERATE(std::pair("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", after::hang),
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

TEST_CASE_METHOD(client_setup, "Endless bodies and headers end at the limit") {
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

TEST_CASE_METHOD(client_setup, "What is not HTTP is a protocol error") {
    const auto bytes = GENERATE(as<std::string>(), "hello\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nxx",
                                "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
                                "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
                                "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    INFO(bytes);
    serve([bytes](auto, auto) { return reply(bytes, after::close); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::protocol);
}

TEST_CASE_METHOD(client_setup, "An answer that ends early is a network error") {
    const auto bytes =
        GENERATE(as<std::string>(), "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                 "HTTP/1.1 200 OK\r\n\r\nuntil the end, but cut");
    INFO(bytes);
    serve([bytes](auto, auto) { return reply(bytes, after::cut); });
    const auto answer = get();
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
}

TEST_CASE_METHOD(client_setup,
                 "A server that never shakes hands, and a lookup without answer, end at the deadline") {
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

TEST_CASE_METHOD(client_setup, "A closed port is a network error that names every address") {
    tcp::acceptor gone(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = gone.local_endpoint().port();
    gone.close();
    const auto answer = send({"GET", fmt::format("https://localhost:{}/", port)});
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::network);
    CHECK(says(answer, "127.0.0.1: Connection refused"));
}

TEST_CASE_METHOD(
    client_setup,
    "Certificates for another name, expired ones and unknown roots are refused, and the error says so") {
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

TEST_CASE_METHOD(client_setup, "A plain server on the port is a TLS error, not a hang") {
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

TEST_CASE_METHOD(client_setup, "A trust file that cannot be used fails every request until it is repaired") {
    serve([](auto, auto) { return reply(ok("x")); });
    auto s = settings();
    s.trust = folder / "missing.pem";
    client_with(s);
    auto answer = get();
    CHECK(says(answer, "missing.pem"));
    folder.write("missing.pem", "");
    CHECK(says(get(), "holds no certificate"));
    folder.write("missing.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    CHECK(says(get(), "holds no certificate"));
    folder.write("missing.pem",
                 root.root + "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    CHECK(says(get(), "damaged after certificate 1"));
    std::filesystem::remove(folder / "missing.pem");
    std::filesystem::create_directory(folder / "missing.pem");
    CHECK(says(get(), "missing.pem"));
    std::filesystem::remove(folder / "missing.pem");
    CHECK(server->connections == 0);
    folder.write("missing.pem", "# our roots\n" + root.root);
    CHECK(get().has_value());
}

TEST_CASE_METHOD(client_setup, "The system's roots are trusted beside the trust file, and nobody else's") {
    // Where OpenSSL looks for the system's roots.
    struct variable {
        const char* name;
        variable(const char* n, const std::string& value) : name(n) { ::setenv(name, value.c_str(), 1); }
        ~variable() { ::unsetenv(name); }
    };
    std::filesystem::create_directory(folder / "no-roots");
    const variable no_folder("SSL_CERT_DIR", folder / "no-roots");
    serve([](auto, auto) { return reply(ok("x")); });
    auto s = settings();
    s.trust = GENERATE(as<std::string>(), "", "other.pem");
    if (!s.trust.empty()) {
        s.trust = folder.write(s.trust, authority::make_root("Another Root").own().pem());
    }
    {
        const variable none("SSL_CERT_FILE", folder / "missing.pem");
        client_with(s);
        CHECK(says(get(), "name the file with its root in `trust`"));
        CHECK(says(get(), "name the file with its root in `trust`"));
    }
    {
        const variable file("SSL_CERT_FILE", trust);
        client_with(s);
        CHECK(get().has_value());
    }
}

TEST_CASE_METHOD(client_setup, "What does not belong into a request is refused before anything is sent") {
    serve([](auto, auto) { return reply(ok("x")); });
    const std::string good = server->url();
    std::vector<http_request> bad = {
        {"GET", "http://127.0.0.1:" + std::to_string(server->port()) + "/"},
        {"GET", "https://user:pw@127.0.0.1/"},
        {"GET", good + "a\r\nX: y"},
        {"GET", ""},
        {"TRACE", good},
        {"CONNECT", good},
        {"delete", good},
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
