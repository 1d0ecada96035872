#include "core/crypto/certificate.hpp"
#include "core/net/tls_probe.hpp"
#include "tests/core/net/fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

TEST_CASE("The probe reports the leaf that is served, trusted or not, named as everywhere else") {
    asio::io_context loop;
    const test_root root;
    const auto identity = root.issue({"a.example"}, true);
    scripted_server server(loop, identity, [](auto, auto) { return reply(); });
    const endpoint where{"127.0.0.1", server.port()};
    const auto leaf = crypto::parse_pem_chain(identity.chain).value().at(0);
    for (const auto* name : {"a.example", "other.example", "*.a.example", "192.0.2.1", "2001:db8::1"}) {
        INFO(name);
        const auto seen = run(loop, net::probe_tls(where, parse_identifier(name).value(), seconds(5)));
        REQUIRE(seen.has_value());
        CHECK(seen->fingerprint == leaf.fingerprint());
        CHECK(seen->serial == leaf.serial());
    }
}

TEST_CASE("The probe tells a closed port, a server that is silent and one that speaks no TLS apart") {
    asio::io_context loop;
    const auto name = parse_identifier("a.example").value();
    tcp::acceptor silent(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const endpoint where{"127.0.0.1", silent.local_endpoint().port()};
    CHECK(run(loop, net::probe_tls(where, name, milliseconds(50))).error().code == errc::timed_out);
    silent.close();
    CHECK(run(loop, net::probe_tls(where, name, seconds(5))).error().code == errc::network);
    CHECK(run(loop, net::probe_tls(endpoint{"nonsense", 1}, name, seconds(5))).error().code ==
          errc::invalid_argument);

    tcp::acceptor plain(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto greet = [](tcp::acceptor& a) -> awaitable<void> {
        auto socket = co_await a.async_accept(asio::use_awaitable);
        const std::string hello = "220 mail.example ESMTP\r\n";
        socket.send(asio::buffer(hello));
    };
    asio::co_spawn(loop, greet(plain), asio::detached);
    const endpoint mail{"127.0.0.1", plain.local_endpoint().port()};
    CHECK(run(loop, net::probe_tls(mail, name, seconds(5))).error().code == errc::tls);
}
