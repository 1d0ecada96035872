// What others notice of a thousand connections that ask half of a question.
#include "tests/core/net/crowd.hpp"
#include "tests/core/net/server_setup.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

const std::string half_a_line = "GET /.well-known/acme-chall";
const std::string half_a_head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";

net::server_limits limits_for(milliseconds lifetime) {
    net::server_limits limits;
    limits.connections = 4096;
    limits.per_source = 4 * crowd;
    limits.lifetime = lifetime;
    return limits;
}

} // namespace

TEST_CASE_METHOD(server_setup, "While a thousand connections stall every other request is answered") {
    const more_descriptors room;
    REQUIRE(room.enough);
    start(limits_for(seconds(2)));
    CHECK(status_of(ask(get())) == 200);
    run_for(loop, milliseconds(10));
    const auto descriptors = open_descriptors();
    ::malloc_trim(0);
    const auto before = resident();
    for (const auto& bytes : {half_a_line, half_a_head}) {
        seen.clear();
        {
            const clients many(loop, where, bytes);
            run_for(loop, milliseconds(1));
            // Both ends of all of them: nobody was turned away, and nobody's place was taken.
            REQUIRE(open_descriptors() == descriptors + 2 * crowd);
            for (std::size_t i = 0; i < 200; ++i) {
                const int drip = many.all[i * 5]; // slow headers: those that say a byte more now and then
                CHECK(::send(drip, "x", 1, MSG_NOSIGNAL) == 1);
                CHECK(status_of(ask(get())) == 200);
            }
            CHECK(open_descriptors() == descriptors + 2 * crowd);
            const auto peak =
                peak_until_closed(loop, descriptors + crowd); // 2 s later, and not for a byte longer
            CAPTURE(peak - before);
            if (memory_counts) {
                CHECK(peak < before + 16 * mib);
            }
        }
        CHECK(seen.size() == 200);
        CHECK(open_descriptors() == descriptors);
        if (memory_counts) {
            CAPTURE(resident() - before);
            CHECK(resident() < before + 5 * mib);
        }
    }
    CHECK(status_of(ask(get())) == 200);
    CHECK(events.all.empty());
}

TEST_CASE_METHOD(server_setup, "A crowd beyond the limit makes room for who comes later") {
    const more_descriptors room;
    REQUIRE(room.enough);
    auto limits = limits_for(seconds(5));
    limits.connections = 300;
    start(limits);
    run_for(loop, milliseconds(2)); // the first server's end
    const auto descriptors = open_descriptors();
    {
        const clients many(loop, where, half_a_head);
        run_for(loop, milliseconds(1));
        CHECK(open_descriptors() <= descriptors + crowd + limits.connections);
        for (int i = 0; i < 20; ++i) {
            CHECK(status_of(ask(get())) == 200);
        }
    }
    CHECK(run_until(loop, [&] { return open_descriptors() == descriptors; }));
}
