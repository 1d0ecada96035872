// What a CA's "rateLimited" means for the others, limits that a reload changes, and a clock that is set back.
#include "tests/core/lifecycle/engine_fixture.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

using std::chrono::hours;
using std::chrono::minutes;

acme::failure rate_limited(std::optional<milliseconds> retry_after) {
    acme::failure what(acme::step::new_order, error(errc::refused, "too many"));
    acme::problem said;
    said.type = "rateLimited";
    said.status = 429;
    what.said = std::move(said);
    what.http_status = 429;
    what.retry_after = retry_after;
    return what;
}

/// The order is of no use any more: the next try makes another.
acme::failure order_gone() {
    acme::failure what(acme::step::order, error(errc::refused, "the order is invalid"));
    what.order_gone = true;
    what.http_status = 200;
    return what;
}

/// At a CA with published limits, one certificate is live and the next one's order is refused.
struct limited_fixture : engine_fixture {
    explicit limited_fixture(milliseconds retry_after) {
        rate_limits& limits = plan.issuers.at("ca").limits;
        limits = published_limits();
        limits.concurrent_orders = 1;
        add("live.example.com");
        start();
        REQUIRE(until(state::waiting, "live.example.com"));
        ca.failures.push_back(rate_limited(retry_after));
        bring("refused.example.com");
        refused_at = time.now();
        REQUIRE(show("refused.example.com").failures == 1);
    }
    ~limited_fixture() { stop(); }

    void bring(const std::string& name) {
        add(name);
        engine->assign(plan);
        time.advance(seconds(3));
    }
    bool renews() {
        REQUIRE(engine->renew("live.example.com", false));
        time.advance(seconds(3));
        return live_version("live.example.com") == 2;
    }

    wall_time refused_at;
};

} // namespace

TEST_CASE("refused for hours: new certificates of the same registered domain wait, nobody else does") {
    limited_fixture f(hours(2));
    f.bring("sibling.example.com");
    CHECK(f.live_version("sibling.example.com") == 0);
    const auto held = f.show("sibling.example.com");
    REQUIRE(held.at.size() == 1);
    CHECK(held.at[0].held_because.find("50 certificates per 7d for example.com") != std::string::npos);
    CHECK(held.failures == 0); // it was not asked for
    f.bring("stranger.example.org");
    CHECK(f.live_version("stranger.example.org") == 1);
    CHECK(f.renews());

    const unsigned orders = f.ca.orders_created;
    f.time.advance(f.refused_at + hours(2) - seconds(10) - f.time.now());
    CHECK(f.ca.orders_created == orders);
    f.time.advance(hours(8));
    CHECK(f.live_version("sibling.example.com") == 1);
    CHECK(f.live_version("refused.example.com") == 1);
    CHECK(f.events.count("cert.order_failed") == 1);
}

TEST_CASE("refused for a minute: every new certificate waits, renewals do not") {
    limited_fixture f(minutes(1));
    f.bring("stranger.example.org");
    CHECK(f.live_version("stranger.example.org") == 0);
    REQUIRE(f.show("stranger.example.org").at.size() == 1);
    CHECK(f.show("stranger.example.org").at[0].held_because.find("300 new orders per 3h") !=
          std::string::npos);
    CHECK(f.renews());
    f.time.advance(minutes(5));
    CHECK(f.live_version("stranger.example.org") == 1);
    CHECK(f.live_version("refused.example.com") == 1);
    CHECK(f.events.count("cert.order_failed") == 1);
}

TEST_CASE("limits that a reload changes do not forget what was ordered") {
    engine_fixture f;
    rate_limits& limits = f.plan.issuers.at("ca").limits;
    limits.new_orders = {3, hours(30)};
    f.add("a.example");
    f.add("b.example");
    f.start();
    f.time.advance(seconds(10));
    REQUIRE(f.ca.orders_created == 2);
    limits.new_orders = {4, hours(40)}; // two are left, one of them is held back for a minute
    f.add("c.example");
    f.add("d.example");
    f.add("e.example");
    f.engine->assign(f.plan);
    f.time.advance(seconds(30));
    CHECK(f.ca.orders_created == 3);
    f.time.advance(hours(5));
    CHECK(f.ca.orders_created == 4);
}

TEST_CASE("orders count for the account after a restart, though nothing came of them") {
    engine_fixture f;
    f.plan.issuers.at("ca").limits.new_orders = {4, hours(40)};
    f.ca.failures = {order_gone(), order_gone()};
    f.add("a.example");
    f.start();
    REQUIRE(f.time.run_until([&] { return f.show("a.example").failures == 2; }, minutes(5)));
    REQUIRE(f.ca.orders_created == 2);
    f.add("b.example");
    f.add("c.example");
    f.add("d.example");
    f.crash_and_restart(); // two of four are left
    f.time.advance(hours(9));
    CHECK(f.ca.orders_created == 4);
    f.time.advance(hours(2));
    CHECK(f.ca.orders_created == 5);
}

TEST_CASE("failed validations of a name that never had a certificate count after a restart") {
    engine_fixture f;
    f.plan.issuers.at("ca").limits.failed_validations = {2, hours(20)};
    acme::failure invalid(acme::step::challenge, error(errc::refused, "no"));
    acme::problem said;
    said.type = "connection";
    invalid.said = std::move(said);
    invalid.http_status = 400;
    invalid.name = parse_identifier("a.example").value();
    invalid.order_gone = true;
    f.ca.failures = {invalid, invalid};
    f.add("a.example");
    f.start();
    REQUIRE(f.time.run_until([&] { return f.show("a.example").failures == 2; }, hours(1)));
    f.crash_and_restart();
    const unsigned orders = f.ca.orders_created;
    REQUIRE(f.engine->renew("a.example", true)); // the backoff is lifted, the CA's limits are not
    f.time.advance(hours(9));
    CHECK(f.ca.orders_created == orders);
    f.time.advance(hours(2));
    CHECK(f.live_version("a.example") == 1);
}

TEST_CASE("orders of which nothing came do not use up what the CA allows of certificates") {
    const bool restarts = GENERATE(false, true);
    engine_fixture f;
    f.plan.issuers.at("ca").limits.certificates_per_set = {2, hours(200)};
    f.plan.issuers.at("ca").limits.certificates_per_domain = {2, hours(200)};
    f.ca.failures = {order_gone(), order_gone(), order_gone()};
    f.add("a.example");
    f.start();
    REQUIRE(f.time.run_until([&] { return f.show("a.example").failures == 2; }, hours(1)));
    if (restarts) {
        f.crash_and_restart();
    }
    f.time.advance(hours(3)); // 1, 10 and 100 minutes
    CHECK(f.live_version("a.example") == 1);
    CHECK(f.ca.orders_created == 4);
    // The one that became a certificate counts.
    f.add("b.a.example");
    f.add("c.a.example");
    f.engine->assign(f.plan);
    f.time.advance(hours(3));
    CHECK(f.ca.orders_created == 5);
}

TEST_CASE("no order is made for one key type when the limits leave no room for the other's") {
    engine_fixture f;
    f.plan.issuers.at("ca").limits.certificates_per_set = {3, hours(300)};
    f.add("a.example", {},
          [](issuance_policy& policy) { policy.keys = {key_type::ecdsa_p256, key_type::ecdsa_p384}; });
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    REQUIRE(f.ca.orders_created == 2);
    REQUIRE(f.engine->renew("a.example", false));
    f.time.advance(hours(90));
    CHECK(f.ca.orders_created == 2);
    f.time.advance(hours(20)); // the second of the two comes back after 100 hours
    CHECK(f.ca.orders_created == 4);
    CHECK(f.live_version("a.example") == 2);
}

TEST_CASE("a renewal in the CA's window counts when the CA does not take it as one") {
    engine_fixture f;
    f.ca.drops_replaces = GENERATE(false, true);
    const bool restarts = GENERATE(false, true);
    f.plan.issuers.at("ca").limits.certificates_per_set = {3, hours(300)};
    f.ca.window_of_all = acme::renewal_info{f.time.now() + hours(1), f.time.now() + hours(2), {}, hours(6)};
    f.add("a.example");
    f.start();
    REQUIRE(f.time.run_until(
        [&] {
            if (f.ca.orders_created == 2) {
                f.ca.window_of_all.reset(); // of the second certificate nothing is known
            }
            return f.live_version("a.example") == 2;
        },
        hours(3)));
    f.time.advance(minutes(1));
    REQUIRE_FALSE(f.ca.replaced.back().empty());
    if (restarts) {
        f.crash_and_restart();
        f.time.advance(minutes(1));
    }
    REQUIRE(f.engine->renew("a.example", false));
    f.time.advance(minutes(10));
    CHECK(f.live_version("a.example") == 3);
    // Of three, two or three are gone.
    REQUIRE(f.engine->renew("a.example", false));
    f.time.advance(minutes(10));
    CHECK(f.live_version("a.example") == (f.ca.drops_replaces ? 3U : 4U));
}

TEST_CASE("a retry comes as planned when the clock is set back meanwhile") {
    engine_fixture f;
    f.add("a.example");
    for (int i = 0; i < 2; ++i) {
        acme::failure what(acme::step::challenge, error(errc::refused, "no"));
        what.http_status = 400;
        f.ca.failures.push_back(what);
    }
    f.start();
    REQUIRE(f.time.run_until([&] { return f.show("a.example").failures == 2; }, minutes(5)));
    f.time.jump_wall(-hours(3));
    f.time.advance(minutes(9));
    CHECK(f.ca.orders_created + f.ca.orders_resumed == 2);
    f.time.advance(minutes(5));
    CHECK(f.live_version("a.example") == 1);
}
