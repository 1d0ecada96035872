#include "core/net/http_probe.hpp"
#include "core/net/local_addresses.hpp"
#include "tests/core/net/fixture.hpp"

using namespace evercert;
using namespace evercert::testing;
using kind = net::probe_error::kind;

namespace {

net::http_look look_at(std::uint16_t port, const std::string& url, milliseconds deadline = seconds(5)) {
    return {endpoint{"127.0.0.1", port}, net::parse_url(url).value(), deadline};
}

} // namespace

TEST_CASE("A look asks the given address for the URL's host, and tells what it was shown") {
    asio::io_context loop;
    scripted_server server(loop, std::nullopt, [](auto, auto) {
        return reply(ok("hello\n", "Server: odd/1\r\nLocation: /elsewhere\r\n"));
    });
    const auto seen = run(loop, net::probe_http(look_at(server.port(), "http://one.test/a?b")));
    REQUIRE(seen.has_value());
    CHECK(seen->status == 200);
    CHECK(seen->server == "odd/1");
    CHECK(seen->location == "/elsewhere");
    CHECK(seen->body == "hello\n");
    CHECK_FALSE(seen->cut);
    REQUIRE(server.requests.size() == 1);
    CHECK(server.requests[0].starts_with("GET /a?b HTTP/1.1\r\nHost: one.test\r\n"));
    run_until(loop, [&] { return server.ended == 1; });
    CHECK(server.ended == 1); // nothing is pooled
}

TEST_CASE("A look at https takes any certificate") {
    asio::io_context loop;
    const test_root root;
    scripted_server server(loop, root.issue({"other.test"}, true),
                           [](auto, auto) { return reply(ok("hello")); });
    for (const std::string url : {"https://one.test/", "https://192.0.2.1/"}) {
        const auto seen = run(loop, net::probe_http(look_at(server.port(), url)));
        REQUIRE(seen.has_value());
        CHECK(seen->body == "hello");
    }
}

TEST_CASE("Bodies come in all framings, and at most 4 KiB of them") {
    struct row {
        std::string bytes;
        reply::then after;
        std::string body;
        bool cut;
    };
    const std::string head = "HTTP/1.1 200 OK\r\n";
    const std::vector<row> rows = {
        {head + "\r\nto the end", reply::then::close, "to the end", false},
        {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", reply::then::keep,
         "abcde", false},
        {head + "Content-Length: 0\r\n\r\n", reply::then::keep, "", false},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("abc"), reply::then::keep, "abc", false},
        {ok(std::string(4096, 'x')), reply::then::keep, std::string(4096, 'x'), false},
        {ok(std::string(4097, 'x')), reply::then::keep, std::string(4096, 'x'), true},
        {head + "Content-Length: 1099511627776\r\n\r\n" + std::string(9000, 'x'), reply::then::hang,
         std::string(4096, 'x'), true},
        {head + "\r\nx", reply::then::endless, "", true},
    };
    for (const row& each : rows) {
        INFO(each.bytes.substr(0, 80));
        asio::io_context loop;
        scripted_server server(loop, std::nullopt, [&](auto, auto) { return reply(each.bytes, each.after); });
        const auto seen = run(loop, net::probe_http(look_at(server.port(), "http://one.test/")));
        REQUIRE(seen.has_value());
        CHECK(seen->cut == each.cut);
        CHECK(seen->body.size() <= 4096);
        if (each.after != reply::then::endless) {
            CHECK(seen->body == each.body);
        }
    }
}

TEST_CASE("Why a look came to nothing") {
    asio::io_context loop;
    reply what;
    scripted_server server(loop, std::nullopt, [&](auto, auto) { return what; });
    const auto look = [&](reply r, const std::string& url = "http://one.test/") {
        what = std::move(r);
        const auto seen = run(loop, net::probe_http(look_at(server.port(), url, milliseconds(300))));
        REQUIRE_FALSE(seen.has_value());
        CHECK_FALSE(seen.error().words.empty());
        return seen.error().what;
    };
    CHECK(look(reply("", reply::then::hang)) == kind::stalled);
    CHECK(look(reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", reply::then::hang)) == kind::stalled);
    CHECK(look(reply("HTTP/1.1 200 OK\r\n" + std::string(900, 'a'), reply::then::drip)) == kind::stalled);
    CHECK(look(reply("", reply::then::close)) == kind::broken);
    CHECK(look(reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", reply::then::close)) == kind::broken);
    CHECK(look(reply("hello\r\n\r\n", reply::then::close)) == kind::garbage);
    CHECK(look(reply("HTTP/1.1 999 No\r\n\r\n", reply::then::close)) == kind::garbage);
    CHECK(look(reply("a: " + std::string(5000, 'x') + "\r\n", reply::then::endless)) == kind::garbage);
    CHECK(look(reply("HTTP/1.1 200 OK\r\na: " + std::string(5000, 'x') + "\r\n", reply::then::endless)) ==
          kind::garbage);
    CHECK(look(reply("", reply::then::hang), "https://one.test/") != kind::garbage);

    tcp::acceptor closed(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto port = closed.local_endpoint().port();
    closed.close();
    const auto refused = run(loop, net::probe_http(look_at(port, "http://one.test/")));
    CHECK(refused.error().what == kind::refused);
    CHECK(refused.error().unconnected());
    net::http_look nowhere(endpoint{"nonsense", 1}, net::parse_url("http://one.test/").value(), seconds(1));
    CHECK(run(loop, net::probe_http(nowhere)).error().what == kind::no_way);
}

TEST_CASE("This machine knows its loopback addresses") {
    const auto own = net::local_addresses();
    CHECK(std::find(own.begin(), own.end(), asio::ip::make_address("127.0.0.1")) != own.end());
}
