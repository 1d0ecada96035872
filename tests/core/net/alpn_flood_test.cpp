// What a thousand connections cost that say half of what they want.
#include "tests/core/net/alpn_setup.hpp"
#include "tests/core/net/crowd.hpp"

using namespace evercert;
using namespace evercert::testing;

TEST_CASE_METHOD(alpn_setup, "A thousand half ClientHellos cost little, and all of it is given back") {
    const more_descriptors room;
    REQUIRE(room.enough);
    net::alpn_limits limits;
    limits.lifetime = seconds(1);
    start(limits);
    serve("a.example");
    const auto hello = client_hello_of(tls_plan("a.example"));
    CHECK(shake(tls_plan("a.example")).done); // OpenSSL has what it keeps for good
    run_for(loop, milliseconds(10));
    const auto descriptors = open_descriptors();
    ::malloc_trim(0);
    const auto before = resident();
    // Asio keeps the records of its sockets for the next ones: that is once, not each time.
    for (const std::size_t kept : {4 * mib, 5 * mib}) {
        {
            const clients many(loop, where, hello.substr(0, hello.size() - 1));
            const auto peak = peak_until_closed(loop, descriptors + crowd);
            CAPTURE(peak - before);
            if (memory_counts) {
                CHECK(peak < before + 8 * mib);
            }
        }
        CHECK(open_descriptors() == descriptors);
        if (memory_counts) {
            CHECK(resident() < before + kept);
        }
    }
    CHECK(shake(tls_plan("a.example")).done);
}

TEST_CASE_METHOD(alpn_setup, "A thousand stalled handshakes cost no more than those whose turn it is") {
    const more_descriptors room;
    REQUIRE(room.enough);
    net::alpn_limits limits;
    limits.lifetime = seconds(1);
    limits.handshakes = 64;
    start(limits);
    serve("a.example");
    CHECK(shake(tls_plan("a.example")).done);
    run_for(loop, milliseconds(10));
    const auto descriptors = open_descriptors();
    ::malloc_trim(0);
    const auto before = resident();
    {
        const clients many(loop, where, client_hello_of(tls_plan("a.example")));
        const auto peak = peak_until_closed(loop, descriptors + crowd);
        CAPTURE(peak - before);
        if (memory_counts) {
            CHECK(peak < before + 20 * mib);
        }
    }
    CHECK(open_descriptors() == descriptors);
    CHECK(shown == 1);
    CHECK(shake(tls_plan("a.example")).done);
}
