// An issuer that is left alone as a whole: for how long, for whom, and over restarts.
#include "tests/core/lifecycle/engine_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// Daily, and for all its certificates.
acme::failure account_refused() {
    acme::failure what(acme::step::account, error(errc::refused, "no"));
    acme::problem said;
    said.type = "externalAccountRequired";
    said.status = 403;
    what.said = std::move(said);
    what.http_status = 403;
    return what;
}

/// Later, and for all its certificates.
acme::failure unreachable(acme::step where = acme::step::directory) {
    return {where, error(errc::network, "no route to host")};
}

bool is_held(const certificate_status& shown, wall_time now) {
    return shown.at.size() == 1 && shown.at[0].held_because.starts_with("issuer ca is paused: ") &&
           shown.next_run && *shown.next_run > now;
}

/// Waits between the tries to open the account.
std::vector<milliseconds> waits_between_tries(engine_fixture& f, hours during) {
    std::vector<milliseconds> waits;
    wall_time latest = f.time.now();
    std::size_t left = f.ca.account_failures.size();
    f.time.run_until(
        [&] {
            if (f.ca.account_failures.size() != left) {
                left = f.ca.account_failures.size();
                waits.push_back(f.time.now() - latest);
                latest = f.time.now();
            }
            return false;
        },
        during);
    return waits;
}

} // namespace

TEST_CASE("an issuer's pause outlives restarts, for certificates that have no record of it too") {
    engine_fixture f;
    f.add("a.example");
    for (int i = 0; i < 3; ++i) {
        f.ca.account_failures.push_back(account_refused());
    }
    const wall_time end = f.time.now() + hours(24); // and up to a tenth more
    f.start();
    f.time.advance(minutes(5));
    REQUIRE(f.ca.account_failures.size() == 2);

    f.add("b.example");
    f.crash_and_restart();
    f.time.advance(hours(12));
    f.crash_and_restart();
    f.time.advance(hours(6));
    CHECK(f.ca.account_failures.size() == 2); // nothing was asked
    CHECK(f.ca.orders_created == 0);
    CHECK(f.events.count("issuer.paused") == 1);
    CHECK(is_held(f.show("b.example"), f.time.now()));
    CHECK(f.show("b.example").next_run >= end);
    CHECK(f.show("a.example").next_run >= end);

    SECTION("until its end") {
        f.ca.account_failures.clear();
        f.time.advance(end - f.time.now() - seconds(1));
        CHECK(f.ca.accounts_opened == 0);
        f.time.advance(hours(3));
        CHECK(f.live_version("a.example") == 1);
        CHECK(f.live_version("b.example") == 1);
    }
    SECTION("a person who wants it now is not held up") {
        f.ca.account_failures.clear();
        REQUIRE(f.engine->renew("b.example", true));
        f.time.advance(minutes(1));
        CHECK(f.live_version("b.example") == 1);
    }
    SECTION("a person who only wants it is") {
        REQUIRE(f.engine->renew("b.example", false));
        f.time.advance(minutes(1));
        CHECK(f.ca.account_failures.size() == 2);
        CHECK(is_held(f.show("b.example"), f.time.now()));
    }
    SECTION("a try that a person wanted and that fails pauses it again") {
        REQUIRE(f.engine->renew("b.example", true));
        f.time.advance(minutes(1));
        CHECK(f.ca.account_failures.size() == 1);
        CHECK(f.events.count("issuer.paused") == 2);
        f.time.advance(hours(20));
        CHECK(f.ca.account_failures.size() == 1);
    }
}

TEST_CASE("after a restart one certificate's own failure holds no other") {
    engine_fixture f;
    f.add("a.example");
    acme::failure no_answer(acme::step::challenge, error(errc::refused, "no"));
    acme::problem said;
    said.type = "connection";
    no_answer.said = std::move(said);
    no_answer.http_status = 400;
    for (int i = 0; i < 3; ++i) {
        f.ca.failures.push_back(no_answer);
    }
    f.start();
    REQUIRE(f.time.run_until([&] { return f.ca.failures.empty() && f.show("a.example").failures == 3; },
                             hours(3)));
    f.add("b.example");
    f.crash_and_restart();
    f.time.advance(minutes(1));
    CHECK(f.live_version("b.example") == 1);
    CHECK(f.live_version("a.example") == 0);
}

TEST_CASE("5,000 that wait in line when their issuer is paused are all held, and get done later") {
    constexpr unsigned many = 5000;
    engine_fixture f;
    f.plan.issuers.at("ca").limits.concurrent_orders = 1;
    f.ca.takes = seconds(10);
    for (unsigned i = 0; i < many; ++i) {
        f.add(fmt::format("host{}.example", i));
    }
    f.ca.failures.push_back(unreachable(acme::step::new_order));
    f.start();
    f.time.advance(seconds(5)); // the first order is under way, the others wait for its place
    const auto queued = f.engine->list();
    REQUIRE(std::ranges::count(queued, state::queued, &certificate_status::where) == many - 1);
    f.time.advance(seconds(10));
    CHECK(f.ca.orders_created == 1);
    CHECK(f.events.count("issuer.paused") == 1);
    const auto held = f.engine->list();
    CHECK(std::ranges::count_if(held, [&](const auto& one) { return is_held(one, f.time.now()); }) ==
          many - 1);
    CHECK(f.events.count("internal.exception") == 0);
    f.time.advance(minutes(10));
    CHECK(f.ca.orders_created > 30);
    CHECK(f.ca.most_under_way == 1);
}

TEST_CASE("an issuer that cannot be reached is asked again within two hours, however often it failed") {
    engine_fixture f;
    for (int i = 0; i < 30; ++i) {
        f.add(fmt::format("host{}.example", i));
    }
    f.ca.account_failures.assign(1000, unreachable());
    f.start();
    const auto waits = waits_between_tries(f, hours(72));
    REQUIRE(waits.size() > 36);
    CHECK(waits[1] >= minutes(1));
    CHECK(waits[1] < minutes(3));
    CHECK(waits[2] >= minutes(10));
    CHECK(waits[2] < minutes(13));
    for (std::size_t i = 3; i < waits.size(); ++i) {
        CAPTURE(i);
        CHECK(waits[i] >= minutes(100));
        CHECK(waits[i] <= minutes(112)); // a tenth of chance, and a minute over which all come back
    }
    CHECK(f.events.count("issuer.paused") == waits.size());
    f.ca.account_failures.clear();
    f.time.advance(minutes(113));
    CHECK(f.ca.orders_created > 0);
}

TEST_CASE("an issuer that needs a person is asked once a day") {
    engine_fixture f;
    for (int i = 0; i < 30; ++i) {
        f.add(fmt::format("host{}.example", i));
    }
    f.ca.account_failures.assign(1000, account_refused());
    f.start();
    const auto waits = waits_between_tries(f, hours(24 * 10));
    REQUIRE(waits.size() >= 8);
    for (std::size_t i = 1; i < waits.size(); ++i) {
        CAPTURE(i);
        CHECK(waits[i] >= hours(24));
        CHECK(waits[i] <= hours(30));
    }
}

TEST_CASE("a certificate that has long been failing does not make its issuer rest for as long") {
    engine_fixture f;
    f.add("a.example");
    for (int i = 0; i < 5; ++i) {
        acme::failure own(acme::step::challenge, error(errc::refused, "the proof failed"));
        own.order_gone = true;
        f.ca.failures.push_back(own);
    }
    f.start();
    f.time.run_until([&] { return f.ca.failures.empty(); }, hours(24 * 4));
    REQUIRE(f.ca.failures.empty());
    f.time.advance(minutes(1));
    f.ca.failures.push_back(
        unreachable(acme::step::new_order)); // its own next try: a day; the issuer's: a minute
    f.time.run_until([&] { return f.ca.failures.empty(); }, hours(24 * 2));
    REQUIRE(f.ca.failures.empty());
    f.add("b.example");
    f.crash_and_restart();
    f.time.advance(minutes(5));
    CHECK(f.live_version("b.example") == 1);
    CHECK_FALSE(f.live_version("a.example") == 1);
}
