#include "core/dns/response_rate.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace evercert;
using namespace evercert::dns;

namespace {

using boost::asio::ip::make_address;

struct bench {
    explicit bench(double per_second = 10, double burst = 5) : rate({per_second, burst}, *random) {}

    /// What `count` questions get, as letters: answer, truncate, drop.
    std::string ask(const std::string& from, int count) {
        std::string out;
        for (int i = 0; i < count; ++i) {
            const auto what = rate.count(make_address(from), now);
            out += what == rate_verdict::answer ? 'a' : what == rate_verdict::truncate ? 't' : 'd';
        }
        return out;
    }

    std::unique_ptr<random_source> random = make_seeded_random(5);
    steady_time now{std::chrono::hours(1000)};
    response_rate rate;
};

} // namespace

TEST_CASE("Up to the burst all is answered, then half is sent to TCP and half dropped") {
    bench b;
    CHECK(b.ask("192.0.2.1", 10) == "aaaaatdtdt");
    b.now += milliseconds(99);
    CHECK(b.ask("192.0.2.1", 2) == "dt");
    b.now += milliseconds(2);
    CHECK(b.ask("192.0.2.1", 2) == "ad");
    b.now += std::chrono::hours(24);
    CHECK(b.ask("192.0.2.1", 6).substr(0, 5) == "aaaaa");
}

TEST_CASE("A network is counted as one, and not with another") {
    struct row {
        const char* first;
        const char* second;
        bool same;
    };
    for (const row& r : std::vector<row>{{"192.0.2.1", "192.0.2.255", true},
                                         {"192.0.2.1", "192.0.3.1", false},
                                         {"192.0.2.1", "::ffff:192.0.2.9", true},
                                         {"2001:db8:0:100::1", "2001:db8:0:1ff:ffff::1", true},
                                         {"2001:db8:0:100::1", "2001:db8:0:200::1", false},
                                         {"0.0.0.0", "::", false}}) {
        CAPTURE(r.first, r.second);
        bench b;
        CHECK(b.ask(r.first, 5) == "aaaaa");
        CHECK((b.ask(r.second, 1) != "a") == r.same);
    }
}

TEST_CASE("A hundred thousand networks cost no more memory, and none gets more than its share") {
    bench b(1, 3);
    std::map<char, int> of_all;
    for (unsigned i = 0; i < 100000; ++i) {
        const boost::asio::ip::address_v4 from(0x0A000000U + (i << 8U));
        ++of_all[b.ask(from.to_string(), 1).front()];
    }
    // Each place takes three; there are twice 4096.
    CHECK(of_all['a'] <= 3 * 2 * 4096);
    CHECK(of_all['a'] > 4096);
    CHECK(of_all['t'] > 30000);
    b.now += seconds(4);
    CHECK(b.ask("192.0.2.1", 3) == "aaa");
}

TEST_CASE("An innocent network beside a noisy one is answered") {
    int answered = 0;
    for (unsigned seed = 0; seed < 50; ++seed) {
        bench b;
        b.random = make_seeded_random(seed);
        b.rate = response_rate({10, 5}, *b.random);
        (void)b.ask("192.0.2.1", 1000);
        answered += b.ask("198.51.100.1", 5) == "aaaaa" ? 1 : 0;
    }
    CHECK(answered == 50);
}

TEST_CASE("A clock of 32 bits that begins anew is no matter") {
    bench b;
    b.now = steady_time(milliseconds(0xFFFFFFFFLL - 50));
    CHECK(b.ask("192.0.2.1", 7) == "aaaaatd");
    b.now += milliseconds(101);
    CHECK(b.ask("192.0.2.1", 2) == "at");
}
