// From events to messages, by a clock that the test moves.
#include "tests/daemon/notify/stage.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using std::chrono::hours;
using std::chrono::minutes;
using texts = std::vector<std::string>;

TEST_CASE("Nobody is told of a failure that mends itself within the while") {
    stage s;
    s.start({rule()});
    s.fails("a.example");
    s.time.advance(seconds(20));
    s.mends("a.example");
    s.time.advance(minutes(5));
    CHECK(s.got().empty());
}

TEST_CASE("A failure is told once, and its end once") {
    stage s;
    s.start({rule()});
    s.fails("a.example", 2);
    s.time.advance(minutes(1));
    CHECK(s.got().empty());
    s.fails("a.example", 3);
    s.time.advance(seconds(29));
    CHECK(s.got().empty());
    s.time.advance(seconds(2));
    CHECK(s.subjects() == texts{"a.example is failing"});
    s.fails("a.example", 4);
    s.time.advance(hours(30)); // the slow look at all finds nothing new either
    CHECK(s.got().size() == 1);
    s.mends("a.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects() == texts{"a.example is failing", "a.example is well again"});
    CHECK(s.got().back().text.find("after trouble since 2026-11-20T00:00:00Z") != std::string::npos);
    s.mends("a.example");
    s.time.advance(hours(2));
    CHECK(s.got().size() == 2);
    CHECK(s.events.count("notify.delivered") == 2);
    s.fails("a.example");
    s.time.advance(minutes(1));
    CHECK(s.got().size() == 3);
}

TEST_CASE("A recovery is told when the certificate has come to rest") {
    stage s;
    s.start({rule()});
    s.fails("a.example");
    s.time.advance(minutes(1));
    auto one = sample_status("a.example");
    one.where = lifecycle::state::deploying;
    s.set(one);
    s.emit("cert.deployed", "a.example");
    s.time.advance(minutes(2));
    CHECK(s.got().size() == 1);
    s.set(sample_status("a.example"));
    s.time.advance(minutes(1));
    CHECK(s.subjects().back() == "a.example is well again");
}

TEST_CASE("What fails together is one message, however many they are") {
    stage s;
    s.start({rule()});
    constexpr int many = 100'000;
    for (int i = 0; i < many; ++i) {
        s.fails(fmt::format("c{:06}.example", i));
    }
    s.time.advance(minutes(3));
    REQUIRE(s.got().size() == 1);
    const message& told = s.got().front();
    CHECK(told.subject == "100000 certificates are failing");
    CHECK(told.total == many);
    CHECK(told.text.find("c000049.example") != std::string::npos);
    CHECK(told.text.find("c000050.example") == std::string::npos);
    CHECK(told.text.find("... and 99950 more") != std::string::npos);
    CHECK(told.json.size() < 100'000);
    CHECK(told.json.find("\"not_listed\":99950") != std::string::npos);
    CHECK(s.files.snapshot().files.at("notify.json").contents.size() < 12'000'000);
}

TEST_CASE("The most urgent comes first, and a number for each") {
    stage s;
    s.start({everything()});
    s.fails("told.example");
    s.time.advance(minutes(1));
    s.fails("a.example");
    s.mends("told.example");
    s.set(sample_status("z.example"));
    s.emit("cert.found_revoked", "z.example", "the CRL lists it");
    s.set(sample_status("n.example"));
    s.emit("cert.issued", "n.example");
    s.emit("cert.deployed", "n.example");
    s.time.advance(minutes(1));
    REQUIRE(s.got().size() == 2);
    const message& told = s.got().back();
    CHECK(told.subject == "certificates: 1 revoked, 1 failing, 1 recovered, 1 renewed");
    CHECK(told.events == "revoked,failing,recovered,renewed");
    CHECK(told.certificates == "z.example a.example told.example n.example");
    CHECK(told.text.find("the CRL lists it") != std::string::npos);
}

TEST_CASE("A renewal is told after both were seen: issued, and in use") {
    stage s;
    s.start({everything()});
    s.set(sample_status("a.example"));
    s.emit("cert.deployed", "a.example"); // deployed again, by an operator
    s.time.advance(minutes(1));
    CHECK(s.got().empty());
    s.emit("cert.issued", "a.example");
    s.time.advance(minutes(1));
    CHECK(s.got().empty());
    s.emit("cert.deployed", "a.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects() == texts{"a.example has a new certificate"});
}

TEST_CASE("No more messages than the limit allows; the next says what was held back") {
    auto box = rule();
    box.limit = rate{2, hours(1)};
    stage s;
    s.start({box});
    for (int i = 0; i < 12; ++i) {
        s.fails(fmt::format("c{:02}.example", i));
        s.time.advance(minutes(1));
    }
    const std::size_t early = s.got().size();
    CHECK(early >= 1);
    CHECK(early <= 2);
    CHECK(s.events.count("notify.held") >= 1);
    s.time.advance(hours(3));
    REQUIRE(s.got().size() <= 4);
    std::size_t told = 0;
    for (const message& each : s.got()) {
        told += each.total;
    }
    CHECK(told == 12);
    CHECK(s.got().back().text.find("This message was held back") != std::string::npos);
    CHECK(s.got().front().text.find("held back") == std::string::npos);
}

TEST_CASE("A clock that is set back does not stop the messages") {
    auto box = rule();
    box.limit = rate{1, hours(1)};
    stage s;
    s.start({box});
    s.fails("a.example");
    s.time.advance(minutes(1));
    s.time.jump_wall(-hours(24 * 30));
    s.fails("b.example");
    s.time.advance(hours(2));
    CHECK(s.got().size() == 2);
}

TEST_CASE("Certificates that run towards their end are found without any event") {
    stage s;
    s.start({rule()});
    auto one = sample_status("a.example"); // 59 days left of 90
    one.where = lifecycle::state::queued;
    s.set(one);
    s.time.advance(std::chrono::days(43));
    CHECK(s.got().empty());
    s.time.advance(std::chrono::days(2));
    CHECK(s.subjects() == texts{"a.example expires soon and is not renewed"});
    s.mends("a.example");
    s.time.advance(minutes(1));
    CHECK(s.got().size() == 1); // the same certificate: only a renewed one is well
    one = sample_status("a.example");
    one.live->not_before = s.time.now();
    one.live->not_after = s.time.now() + std::chrono::days(90);
    one.next_run = s.time.now() + std::chrono::days(60);
    s.set(one);
    s.emit("cert.deployed", "a.example");
    s.time.advance(minutes(1));
    CHECK(s.subjects().back() == "a.example is well again");
}

TEST_CASE("The slow look takes a page at a time, and an hour between") {
    stage s;
    for (int i = 0; i < 1000; ++i) {
        s.set(sample_status(fmt::format("c{:04}.example", i)));
    }
    s.set(failing("c0999.example")); // no event tells
    s.start({rule()});
    s.time.advance(minutes(2));
    CHECK(s.subjects() == texts{"c0999.example is failing"});
    const std::size_t looks = s.shown;
    s.time.advance(minutes(50));
    CHECK(s.shown == looks);
}
