#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/due.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

TEST_CASE("the ladder is 1, 10, 100 minutes, then a day, each at most a tenth longer") {
    const auto random = make_seeded_random(1);
    const std::vector<milliseconds> ladder{minutes(1), minutes(10), minutes(100), hours(24), hours(24)};
    for (unsigned failure = 1; failure <= ladder.size(); ++failure) {
        const milliseconds base = ladder[failure - 1];
        for (int draw = 0; draw < 200; ++draw) {
            const milliseconds delay = backoff(failure, problem_class::later, milliseconds(0), *random);
            CAPTURE(failure, delay.count());
            CHECK(delay >= base);
            CHECK(delay <= base + base / 10);
        }
    }
}

TEST_CASE(
    "10,000 failures in a row never come to 0 nor over the cap, and 90 failing days stay below 95 tries") {
    const auto random = make_seeded_random(2);
    for (unsigned failure = 1; failure <= 10'000; ++failure) {
        const milliseconds delay = backoff(failure, problem_class::later, milliseconds(0), *random);
        REQUIRE(delay >= shortest_backoff);
        REQUIRE(delay <= longest_backoff);
    }
    for (const unsigned extreme : {0U, ~0U}) {
        CHECK(backoff(extreme, problem_class::later, milliseconds(0), *random) >= shortest_backoff);
    }
    milliseconds passed{0};
    unsigned tries = 0;
    while (passed < days(90)) {
        ++tries;
        passed += backoff(tries, problem_class::later, milliseconds(0), *random);
    }
    CHECK(tries <= 95);
    CHECK(tries >= 80);
}

TEST_CASE("classes and the CA's own wish only lengthen") {
    const auto random = make_seeded_random(3);
    CHECK(backoff(1, problem_class::daily, milliseconds(0), *random) >= hours(24));
    CHECK(backoff(1, problem_class::never, milliseconds(0), *random) >= hours(24));
    CHECK(backoff(1, problem_class::later, hours(3), *random) >= hours(3));
    CHECK(backoff(4, problem_class::later, minutes(5), *random) >= hours(24));
    CHECK(backoff(1, problem_class::later, milliseconds::max(), *random) <= longest_backoff);
    CHECK(backoff(1, problem_class::later, milliseconds::min(), *random) >= shortest_backoff);
}

TEST_CASE("jitter spreads") {
    const auto random = make_seeded_random(4);
    std::set<milliseconds> seen;
    for (int draw = 0; draw < 100; ++draw) {
        seen.insert(backoff(4, problem_class::later, milliseconds(0), *random));
    }
    CHECK(seen.size() > 90);
}

TEST_CASE("renewal is at 2/3 of the lifetime, at 1/2 when that is under ten days") {
    struct row {
        milliseconds lifetime;
        milliseconds opens;
    };
    const auto [lifetime, opens] =
        GENERATE(values<row>({{days(90), days(60)},
                              {days(45), days(30)},
                              {days(398), milliseconds(days(398)) / 3 * 2},
                              {days(10), milliseconds(days(10)) / 3 * 2},
                              {days(10) - milliseconds(1), (days(10) - milliseconds(1)) / 2},
                              {hours(160), hours(80)},
                              {days(6), days(3)},
                              {hours(1), minutes(30)},
                              {std::chrono::seconds(30), std::chrono::seconds(15)},
                              {milliseconds(0), milliseconds(0)},
                              {days(3650), milliseconds(days(3650)) / 3 * 2}}));
    CAPTURE(lifetime.count());
    const wall_time begin = sys_days(year(2026) / 11 / 21);
    const renewal_window window = window_of(begin, begin + lifetime);
    CHECK(window.opens - begin == opens);
    CHECK(window.closes <= begin + lifetime);
    CHECK(window.closes - window.opens <= days(1));
    const auto random = make_seeded_random(5);
    for (int draw = 0; draw < 50; ++draw) {
        const wall_time when = pick(window, *random);
        CHECK(when >= window.opens);
        CHECK(when <= window.closes);
    }
}

TEST_CASE("dates in the wrong order do no harm") {
    const wall_time begin = sys_days(year(2026) / 11 / 21);
    const renewal_window window = window_of(begin, begin - days(5));
    CHECK(window.opens == begin);
    CHECK(window.closes == begin);
}
