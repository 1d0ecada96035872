// Messages on their way: tried again, kept over restarts, never in the way of others.
#include "tests/daemon/notify/stage.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using std::chrono::hours;
using std::chrono::minutes;
using texts = std::vector<std::string>;

TEST_CASE("A message that is not taken is tried again, ever more slowly, for a day") {
    stage s;
    s.start({rule()});
    for (int i = 0; i < 100; ++i) {
        s.boxes["box"]->refusals.push_back(not_now());
    }
    s.fails("a.example");
    s.time.advance(seconds(31));
    CHECK(s.got().size() == 1);
    s.time.advance(seconds(12));
    CHECK(s.got().size() == 2);
    s.time.advance(seconds(34));
    CHECK(s.got().size() == 3);
    s.time.advance(minutes(60));
    CHECK(s.got().size() == 7); // after 1, 5, 15 and 30 minutes
    s.time.advance(hours(23));
    const std::size_t tries = s.got().size();
    CHECK(tries >= 27);
    CHECK(tries <= 31);
    CHECK(s.got().back().id == s.got().front().id);
    s.time.advance(hours(24));
    std::map<std::string, std::size_t> tries_of;
    for (const message& each : s.got()) {
        ++tries_of[each.id];
    }
    CHECK(tries_of.size() == 2); // it is still failing
    CHECK(tries_of[s.got().front().id] <= tries + 1);
    CHECK(s.events.count("notify.given_up") == 1);
    std::size_t warnings = 0;
    for (const event& each : s.events.all) {
        warnings += each.id == "notify.failed" && each.level == severity::warning ? 1 : 0;
    }
    CHECK(warnings == 2); // one for each message
}

TEST_CASE("What was given up is told again while it lasts, over a restart too, and what was told stays so") {
    memory_store::image disk;
    {
        stage s;
        s.start({rule()});
        s.boxes["box"]->refusals.emplace_back(error(errc::refused, "status 404"), true);
        s.fails("a.example");
        s.time.advance(minutes(1));
        s.fails("b.example");
        s.time.advance(minutes(1));
        CHECK(s.subjects() == texts{"a.example is failing", "b.example is failing"});
        disk = s.files.snapshot();
        s.mends("b.example");
        s.time.advance(hours(3));
        CHECK(s.subjects().back() == "a.example is failing");
        CHECK(s.subjects().at(2) == "b.example is well again");
        CHECK(s.got().size() == 4);
        s.time.advance(hours(24));
        CHECK(s.got().size() == 4);
        s.mends("a.example");
        s.time.advance(minutes(1));
        CHECK(s.subjects().back() == "a.example is well again");
    }
    stage s(disk);
    s.set(failing("a.example"));
    s.set(sample_status("b.example"));
    s.start({rule()});
    s.time.advance(hours(3));
    CHECK(s.subjects() == texts{"certificates: 1 failing, 1 recovered"});
}

TEST_CASE("A clock that is set is not a day of tries") {
    for (const auto by : {hours(24 * 365), -hours(24 * 365)}) {
        stage s;
        s.start({rule()});
        for (int i = 0; i < 100; ++i) {
            s.boxes["box"]->refusals.push_back(not_now());
        }
        s.fails("a.example");
        s.time.advance(seconds(31));
        s.time.jump_wall(by);
        s.time.advance(minutes(40));
        CHECK(s.events.count("notify.given_up") == 0);
        s.time.advance(hours(48));
        CHECK(s.events.count("notify.given_up") >= 1);
    }
}

TEST_CASE("A refusal for good is not tried again, and does not stop what comes later") {
    stage s;
    s.start({rule()});
    s.boxes["box"]->refusals.emplace_back(error(errc::refused, "status 404"), true);
    s.fails("a.example");
    s.time.advance(hours(1));
    CHECK(s.got().size() == 1);
    CHECK(s.events.last("notify.given_up")->message.find("status 404") != std::string::npos);
    s.fails("b.example");
    s.time.advance(minutes(1));
    CHECK(s.got().size() == 2);
}

TEST_CASE("The other side may ask to wait") {
    stage s;
    s.start({rule()});
    s.boxes["box"]->refusals.emplace_back(error(errc::busy, "429"), false, minutes(20));
    s.fails("a.example");
    s.time.advance(minutes(20));
    CHECK(s.got().size() == 1);
    s.time.advance(minutes(2));
    CHECK(s.got().size() == 2);
}

TEST_CASE("While nothing is taken few messages wait, and what happens goes into the next") {
    stage s;
    s.start({rule()});
    for (int i = 0; i < 8; ++i) {
        s.boxes["box"]->refusals.emplace_back(error(errc::busy, "down"), false, hours(1));
    }
    for (int i = 0; i < 20; ++i) {
        s.fails(fmt::format("c{:02}.example", i));
        s.time.advance(minutes(1));
    }
    REQUIRE(s.notices->look().size() == 1);
    CHECK(s.notices->look().front().queued == 4);
    CHECK(!s.notices->look().front().problem.empty());
    s.time.advance(hours(12));
    std::map<std::string, std::size_t> totals;
    for (const message& each : s.got()) {
        totals[each.id] = each.total;
    }
    std::size_t told = 0;
    for (const auto& [id, total] : totals) {
        told += total;
    }
    CHECK(told == 20);
    CHECK(totals.size() == 5);
    CHECK(s.notices->look().front().queued == 0);
    CHECK(s.notices->look().front().troubled == 20);
    CHECK(s.notices->look().front().problem.empty());
}

TEST_CASE("One that hangs keeps nobody from being told") {
    stage s;
    s.start({rule("stuck"), rule("box")});
    s.boxes["stuck"]->hangs = true;
    s.fails("a.example");
    s.time.advance(minutes(1));
    s.mends("a.example");
    s.time.advance(minutes(1));
    CHECK(s.got("stuck").size() == 1);
    CHECK(s.got("box").size() == 2);
}

TEST_CASE("A restart neither repeats nor forgets") {
    memory_store::image disk;
    {
        stage s;
        s.start({rule()});
        s.fails("told.example");
        s.time.advance(minutes(1));
        for (int i = 0; i < 3; ++i) {
            s.boxes["box"]->refusals.push_back(not_now());
        }
        s.fails("queued.example");
        s.time.advance(seconds(32));
        CHECK(s.got().size() == 2);
        s.fails("pending.example"); // and the daemon ends before its while is over
        s.stop();
        CHECK(s.subjects().size() == 2); // what is queued before it waits, so it does too
        disk = s.files.snapshot();
    }
    stage s(disk);
    for (const std::string name : {"told.example", "queued.example", "pending.example"}) {
        s.set(failing(name));
    }
    s.start({rule()});
    s.time.advance(hours(2));
    CHECK(s.subjects() == texts{"queued.example is failing", "pending.example is failing"});
    s.mends("told.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects().back() == "told.example is well again");
}

TEST_CASE("What waits for its while is told when the daemon ends") {
    stage s;
    s.start({everything()});
    s.fails("a.example");
    s.emit("cert.issued", "b.example");
    s.set(sample_status("b.example"));
    s.emit("cert.deployed", "b.example");
    s.time.advance(seconds(1));
    s.stop();
    CHECK(s.subjects() == texts{"certificates: 1 failing, 1 renewed"});
}

TEST_CASE("A run for one errand still finds what is going to expire") {
    stage s;
    auto one = sample_status("a.example");
    one.where = lifecycle::state::failing;
    one.live->not_after = s.time.now() + std::chrono::days(2);
    s.set(one);
    s.start({rule()});
    s.stop();
    CHECK(s.subjects() == texts{"a.example expires soon and is not renewed"});
}

TEST_CASE("A record that is of no use is said, and costs a repetition at most") {
    for (const std::string text :
         {"", "{", "[]", "{\"format\":2}", "{\"format\":1}",
          "{\"format\":1,\"audiences\":[{\"name\":\"box\",\"told\":[{}],\"queue\":[]}]}",
          "{\"format\":1,\"audiences\":[{\"name\":\"box\",\"told\":[],\"queue\":[{\"id\":"
          "\"x\\r\\ny\"}]}]}"}) {
        INFO(text);
        memory_store::image disk;
        disk.files["notify.json"].contents = text;
        stage s(disk);
        s.start({rule()});
        CHECK(s.events.count("notify.unrecorded") == 1);
        s.fails("a.example");
        s.time.advance(minutes(1));
        CHECK(s.got().size() == 1);
    }
}

TEST_CASE("A disk that is full is said once, and tried again") {
    stage s;
    s.start({rule()});
    s.files.fail_from(1);
    s.fails("a.example");
    s.time.advance(minutes(10));
    CHECK(s.got().size() == 1);
    CHECK(s.events.count("notify.unrecorded") == 1);
    CHECK(s.files.mutations() < 20);
    s.files.heal();
    s.time.advance(minutes(2));
    CHECK(s.files.snapshot().files.contains("notify.json"));
}

TEST_CASE("A reload keeps what an audience of the same name was told") {
    stage s;
    s.start({rule(), rule("other")});
    s.fails("a.example");
    s.time.advance(minutes(1));
    auto changed = rule();
    changed.after = 1;
    s.notices->configure({changed});
    s.time.advance(hours(2));
    CHECK(s.got().size() == 1);
    s.fails("b.example", 1);
    s.mends("a.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects().back() == "certificates: 1 failing, 1 recovered");
    CHECK(s.got("other").size() == 1); // it is gone
    s.notices->configure({});
    CHECK_FALSE(s.notices->reads(severity::error));
    s.fails("c.example");
    s.time.advance(hours(2));
    CHECK(s.got().size() == 2);
}

TEST_CASE("Certificates that are removed are forgotten, those of others never told") {
    auto box = rule();
    box.certificates = {"mine.example"};
    stage s;
    s.start({box});
    s.fails("mine.example");
    s.fails("other.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects() == texts{"mine.example is failing"});
    CHECK(s.notices->look().front().troubled == 1);
    s.all.erase("mine.example");
    s.emit("cert.removed", "mine.example");
    s.time.advance(hours(2));
    CHECK(s.got().size() == 1);
    CHECK(s.notices->look().front().troubled == 0);
}

TEST_CASE("A test message goes to each, and says how it went") {
    stage s;
    s.start({rule(), rule("second")});
    s.boxes["second"]->refusals.push_back(not_now());
    std::vector<test_outcome> outcomes;
    asio::co_spawn(s.loop, s.notices->test(), [&](const std::exception_ptr&, std::vector<test_outcome> all) {
        outcomes = std::move(all);
    });
    s.time.run_ready();
    CHECK(outcomes == std::vector<test_outcome>{{"box", "a box", ""}, {"second", "a box", "not now"}});
    REQUIRE(s.got().size() == 1);
    CHECK(s.got().front().test);
    CHECK(s.got().front().events == "test");
    s.time.advance(hours(1));
    CHECK(s.got("second").size() == 1); // once
}
