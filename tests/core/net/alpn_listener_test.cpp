#include "tests/core/net/alpn_setup.hpp"

using namespace evercert;
using namespace evercert::testing;
using namespace std::string_literals;

namespace {

constexpr int no_application_protocol = 120;
constexpr int unrecognized_name = 112;
constexpr int protocol_version = 70;

std::string alert(char what, char minor = 3) {
    return {'\x15', '\x03', minor, '\0', '\x02', '\x02', what};
}

} // namespace

TEST_CASE_METHOD(alpn_setup,
                 "The right client sees the certificate and a clean end, however its bytes come") {
    const auto certificate = serve("a.example");
    std::size_t count = 0;
    for (const std::uint16_t version : {0x0303, 0x0304}) {
        for (const std::size_t piece : {0, 1, 100}) {
            for (const std::size_t record : {0, 1, 7}) {
                CAPTURE(version, piece, record);
                tls_plan plan("A.example");
                plan.oldest = plan.newest = version;
                plan.piece = piece;
                plan.record = record;
                const auto seen = shake(plan);
                CHECK(seen.done);
                CHECK(seen.alert == 0);
                CHECK(seen.closed);
                CHECK(seen.version == version);
                CHECK(seen.protocol == "acme-tls/1");
                CHECK(seen.certificate == certificate);
                CHECK_FALSE(seen.resumable);
                CHECK(shown == ++count);
            }
        }
    }
    CHECK(events.all.empty());
}

TEST_CASE_METHOD(alpn_setup, "Names of addresses are names like others") {
    serve("203.0.113.10");
    identities["10.113.0.203.in-addr.arpa"] = identities.at("203.0.113.10");
    const auto seen = shake(tls_plan("10.113.0.203.in-addr.arpa"));
    CHECK(seen.done);
    CHECK(shown == 1);
}

TEST_CASE_METHOD(alpn_setup, "All others get the alert that tells them why, and no certificate") {
    serve("a.example");
    struct row {
        std::string name;
        std::vector<std::string> protocols;
        std::uint16_t newest;
        int alert;
    };
    const std::vector<row> rows = {
        {"a.example", {"h2"}, 0x0304, no_application_protocol},
        {"a.example", {}, 0x0304, no_application_protocol},
        {"a.example", {}, 0x0303, no_application_protocol},
        {"a.example", {"acme-tls/1", "h2"}, 0x0304, no_application_protocol},
        {"a.example", {"h2", "acme-tls/1"}, 0x0304, no_application_protocol},
        {"a.example", {"acme-tls/1", "acme-tls/1"}, 0x0304, no_application_protocol},
        {"a.example", {"ACME-TLS/1"}, 0x0304, no_application_protocol},
        {"a.example", {"acme-tls/2"}, 0x0304, no_application_protocol},
        {"", {"acme-tls/1"}, 0x0304, unrecognized_name},
        {"b.example", {"acme-tls/1"}, 0x0304, unrecognized_name},
        {"b.example", {"acme-tls/1"}, 0x0303, unrecognized_name},
        {"x.a.example", {"acme-tls/1"}, 0x0304, unrecognized_name},
        {"a.example.", {"acme-tls/1"}, 0x0304, unrecognized_name},
        {"a.example", {"acme-tls/1"}, 0x0301, protocol_version},
        {"a.example", {"acme-tls/1"}, 0x0302, protocol_version},
    };
    for (const auto& r : rows) {
        CAPTURE(r.name, r.protocols, r.newest);
        tls_plan plan(r.name);
        plan.protocols = r.protocols;
        plan.oldest = 0x0301;
        plan.newest = r.newest;
        const auto seen = shake(plan);
        CHECK_FALSE(seen.done);
        CHECK(seen.alert == r.alert);
        CHECK(seen.certificate.empty());
    }
    CHECK(shown == 0);
    CHECK(events.count("alpn.turned_away") == rows.size());
    CHECK(shake(tls_plan("a.example")).done);
}

TEST_CASE_METHOD(alpn_setup, "What is not TLS gets one alert and nothing else") {
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", alert(10)},
        {"\x16\x02\x00"s, alert(70)},
        {std::string(100, '\0'), alert(10)},
        {"\x16\x03\x01\x7f\xff"s, alert(22)},
        {"\x16\x03\x01\x3f\xff\x01\x00\x40\x00"s + std::string(9000, 'n'), alert(50)},
        {"\x80"s + hello, alert(10)},
        {"\x15\x03\x03\0\x02\x02\x28"s, alert(10)},
        // a good beginning, and then a record of data in the middle of the hello
        {in_records(std::string_view(hello).substr(5, 50), 50) + "\x17\x03\x03\0\x01x"s, alert(10)},
    };
    for (const auto& [bytes, answer] : rows) {
        CAPTURE(bytes.substr(0, 20));
        CHECK(ask(bytes) == answer);
    }
    CHECK(shown == 0);
}

TEST_CASE_METHOD(alpn_setup, "A name of sixteen thousand bytes is nobody's") {
    serve("a.example");
    const std::string name(16000, 'n');
    const auto sized = [](const std::string& text) {
        return std::string{static_cast<char>(text.size() >> 8U), static_cast<char>(text.size())} + text;
    };
    const std::string extensions = sized("\0\0"s + sized(sized("\0"s + sized(name))));
    const std::string body =
        "\x03\x03"s + std::string(32, 'r') + '\0' + sized("\x13\x01") + "\x01\0"s + extensions;
    const std::string message = "\x01\0"s + sized(body);
    CHECK(ask(in_records(message, 16384)) == alert(112));
    CHECK(ask(in_records(message, 1000)) == alert(112));
}

TEST_CASE_METHOD(alpn_setup, "Half a ClientHello is closed at the deadline, without a word") {
    net::alpn_limits limits;
    limits.lifetime = milliseconds(200);
    start(limits);
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    for (const auto& part :
         {std::string(), hello.substr(0, 1), hello.substr(0, 100), hello.substr(0, hello.size() - 1)}) {
        CHECK(ask(part).empty());
    }
    CHECK(lookups == 0);
    // The right hello and then silence.
    const auto flight = ask(hello);
    CHECK(flight.size() > 300);
    CHECK(shown == 0);
    const auto* said = events.last("alpn.turned_away");
    REQUIRE(said != nullptr);
    CHECK(said->fields.back().second == "it took too long");
}

TEST_CASE_METHOD(alpn_setup, "Handshakes wait for their turn, and for one that has gone away") {
    net::alpn_limits limits;
    limits.handshakes = 1;
    start(limits);
    serve("a.example");
    serve("b.example");
    auto first = stall(loop, where, client_hello_of(tls_plan("a.example")));
    CHECK(next(loop, *first).value().size() > 300);
    auto second = stall(loop, where, client_hello_of(tls_plan("a.example")));
    auto third = stall(loop, where, client_hello_of(tls_plan("b.example")));
    CHECK(quiet(loop, *second));
    CHECK(quiet(loop, *third));
    REQUIRE(run_until(loop, [&] { return lookups == 4; })); // two for the first, one for each who waits
    identities.erase("b.example");                          // cleaned up while it waits
    first.reset();
    CHECK(next(loop, *second).value().size() > 300);
    CHECK(quiet(loop, *third));
    second.reset();
    CHECK(next(loop, *third) == alert(unrecognized_name));
    CHECK(shake(tls_plan("a.example")).done);
}

TEST_CASE_METHOD(alpn_setup,
                 "At the limit the longest-silent connection makes room, one source has a share") {
    net::alpn_limits limits;
    limits.connections = 3;
    start(limits);
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    const auto busy = stall(loop, where, hello);
    CHECK(next(loop, *busy).value().size() > 300);
    const auto older = stall(loop, where, hello.substr(0, 10));
    const auto younger = stall(loop, where, hello.substr(0, 10));
    CHECK(quiet(loop, *older));
    CHECK(shake(tls_plan("a.example")).done);
    CHECK_FALSE(next(loop, *older).has_value());
    CHECK(quiet(loop, *younger));
    CHECK(quiet(loop, *busy));

    limits.connections = 100;
    limits.per_source = 2;
    start(limits);
    const auto one = stall(loop, where, "\x16");
    const auto two = stall(loop, where, "\x16");
    const auto three = stall(loop, where, "\x16");
    CHECK(quiet(loop, *two));
    CHECK_FALSE(next(loop, *three).has_value());
}

TEST_CASE_METHOD(alpn_setup, "stop closes who has not said what he wants, and lets handshakes finish") {
    serve("a.example");
    const auto silent = stall(loop, where, "\x16");
    tls_client client{tls_plan("a.example")};
    const auto busy = stall(loop, where, client.step({}));
    const auto flight = next(loop, *busy).value();
    bool stopped = false;
    asio::co_spawn(loop, listener->stop(), [&](std::exception_ptr) { stopped = true; });
    CHECK_FALSE(next(loop, *silent).has_value());
    CHECK_FALSE(stopped);
    busy->send(asio::buffer(client.step(flight)));
    CHECK(client.outcome.done);
    CHECK(run_until(loop, [&] { return shown == 1; }));
    boost::system::error_code ignored;
    busy->close(ignored);
    CHECK(run_until(loop, [&] { return stopped; }));
    CHECK(listener->addresses().empty());
    REQUIRE(listener->listen(endpoint{"127.0.0.1", where.port()}).has_value());
    CHECK(shake(tls_plan("a.example")).done);
}

TEST_CASE_METHOD(alpn_setup, "A listener may go while connections are open, and is not asked again") {
    net::alpn_limits limits;
    limits.handshakes = 1;
    start(limits);
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    const auto half = stall(loop, where, hello.substr(0, 20));
    const auto busy = stall(loop, where, hello);
    const auto waiting = stall(loop, where, hello);
    CHECK(next(loop, *busy).value().size() > 300);
    REQUIRE(run_until(loop, [&] { return lookups == 3; }));
    listener.reset();
    lookups = 0;
    for (const auto* each : {&half, &busy, &waiting}) {
        CHECK_FALSE(next(loop, **each).has_value());
    }
    CHECK(lookups == 0);
    CHECK(shown == 0);
}
