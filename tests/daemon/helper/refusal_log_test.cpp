#include "daemon/helper/refusal_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

using namespace evercert;
using namespace evercert::testing;

TEST_CASE("Refusals are said one by one, and then by number once a minute") {
    asio::io_context loop;
    fake_time time(loop);
    recorded_events events;
    daemon::refusal_log log(events, time, 3);
    for (int i = 0; i < 10; ++i) {
        log.refuse("unix uid=1000 gid=1000 pid=7", "only uid 4242 and root may ask");
    }
    CHECK(events.count("deploy.refused") == 3);
    CHECK(events.all.front().message == "a request was refused: only uid 4242 and root may ask");
    CHECK(events.all.front().fields.front().second == "unix uid=1000 gid=1000 pid=7");
    for (int i = 0; i < 1000; ++i) {
        log.turn_away();
    }
    log.tell();
    CHECK(events.count("deploy.flood") == 0);
    CHECK(log.owes());
    time.advance(seconds(60));
    log.tell();
    REQUIRE(events.count("deploy.flood") == 1);
    CHECK(events.last("deploy.flood")->message == "1007 more requests were refused within a minute");
    CHECK_FALSE(log.owes());
    log.refuse("peer", "again");
    CHECK(events.count("deploy.refused") == 4);
    log.tell(true);
    CHECK(events.count("deploy.flood") == 1); // nothing is owed
}
