#include "core/net/alpn_probe.hpp"
#include "tests/core/net/alpn_setup.hpp"

using namespace evercert;
using namespace evercert::testing;
using kind = net::probe_error::kind;

TEST_CASE_METHOD(alpn_setup, "The look at a TLS server tells what it agreed to and what it showed") {
    const auto certificate = serve("a.example");
    const endpoint at{"127.0.0.1", where.port()};
    const auto seen = run(loop, net::probe_alpn(at, "a.example", "acme-tls/1", seconds(5)));
    REQUIRE(seen.has_value());
    CHECK(seen->protocol == "acme-tls/1");
    CHECK(seen->leaf == certificate);
    const auto other = run(loop, net::probe_alpn(at, "b.example", "acme-tls/1", seconds(5)));
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().what == kind::tls);
    CHECK(run(loop, net::probe_alpn(at, "a.example", "h2", seconds(5))).error().what == kind::tls);
}

TEST_CASE("A TLS server that knows nothing of the protocol, and servers that know no TLS") {
    asio::io_context loop;
    const test_root root;
    scripted_server plain(loop, root.issue({"a.example"}), [](auto, auto) { return reply(); });
    const endpoint at{"127.0.0.1", plain.port()};
    const auto seen = run(loop, net::probe_alpn(at, "a.example", "acme-tls/1", seconds(5)));
    REQUIRE(seen.has_value());
    CHECK(seen->protocol.empty());
    CHECK_FALSE(seen->leaf.empty());

    tcp::acceptor silent(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const endpoint nobody{"127.0.0.1", silent.local_endpoint().port()};
    CHECK(run(loop, net::probe_alpn(nobody, "a.example", "acme-tls/1", milliseconds(50))).error().what ==
          kind::stalled);
    silent.close();
    CHECK(run(loop, net::probe_alpn(nobody, "a.example", "acme-tls/1", seconds(5))).error().what ==
          kind::refused);
}
