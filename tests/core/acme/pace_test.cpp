#include "core/acme/poll_pace.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::acme;

namespace {

const steady_time begin{std::chrono::hours(1)};
steady_time at(int ms) {
    return begin + milliseconds(ms);
}

} // namespace

TEST_CASE("the slow ladder grows to five seconds and stays there") {
    poll_pace pace(poll_kind::authorization);
    for (const int expected : {250, 500, 1000, 2000, 4000, 5000, 5000, 5000}) {
        pace.answered(begin, std::nullopt);
        CHECK(pace.due() == at(expected));
    }
}

TEST_CASE("Retry-After is clamped to what an order in flight can bear") {
    poll_pace pace(poll_kind::order);
    pace.answered(begin, milliseconds(10));
    CHECK(pace.due() == at(1000));
    pace.answered(begin, seconds(90));
    CHECK(pace.due() == at(90'000));
    pace.answered(begin, std::chrono::hours(24));
    CHECK(pace.due() == begin + std::chrono::hours(1));
}

TEST_CASE("an order is polled quickly a few times") {
    poll_pace pace(poll_kind::order);
    for (const int expected : {5, 20, 60, 150, 400, 250, 500}) {
        pace.answered(begin, expected % 20 == 0 ? std::optional(milliseconds(0)) : std::nullopt);
        CHECK(pace.due() == at(expected));
    }
}

TEST_CASE("fetches bring a poll forward, together") {
    poll_pace pace(poll_kind::authorization);
    pace.answered(begin, std::nullopt);
    pace.fetched(at(100));
    CHECK(pace.due() == at(102));
    pace.fetched(at(101));
    CHECK(pace.due() == at(103));
    for (int ms = 102; ms < 112; ++ms) {
        pace.fetched(at(ms));
    }
    CHECK(pace.due() == at(110)); // not put off for ever
    pace.sent();
    pace.fetched(at(111)); // while the poll is under way
    pace.answered(at(112), std::nullopt);
    CHECK(pace.due() == at(113));
    pace.sent();
    pace.answered(at(114), seconds(30)); // the quick ladder goes before Retry-After
    CHECK(pace.due() == at(114 + 25));
}

TEST_CASE("somebody who fetches for ever does not make us poll for ever") {
    poll_pace pace(poll_kind::authorization);
    int now = 0;
    int polls = 0;
    while (now < 10'000) {
        pace.fetched(at(now));
        pace.sent();
        pace.answered(at(now), std::nullopt);
        pace.fetched(at(now));
        now = static_cast<int>(std::chrono::duration_cast<milliseconds>(pace.due() - begin).count());
        ++polls;
    }
    CHECK(polls < 25);
}

TEST_CASE("after calm there are no quick polls") {
    poll_pace pace(poll_kind::authorization);
    pace.fetched(begin);
    pace.calm();
    pace.answered(begin, std::nullopt);
    CHECK(pace.due() == at(250));
}
