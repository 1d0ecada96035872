// Failing over to the next issuer, and back.
#include "core/lifecycle/due.hpp"
#include "core/lifecycle/issuer_choice.hpp"
#include "tests/core/lifecycle/machine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;
using namespace std::chrono;

namespace {

/// Due for renewal, with a month of life left.
told_machine due_with_time_left() {
    told_machine c;
    c.prefer({"ca", "second", "third"});
    c.tell(looked{});
    c.now = c.issue_and_deploy(1).when;
    return c;
}

/// Without a certificate, and with an order that the first of two issuers has accepted.
told_machine with_standing_order() {
    told_machine c;
    c.prefer({"ca", "second"});
    c.tell(looked{});
    c.tell(begun("key1", 0));
    c.tell(order_accepted{key_type::ecdsa_p256, "https://ca.example/order/1"});
    return c;
}

issuer_hold hold_at(const std::string& issuer, wall_time until, bool paused) {
    issuer_hold hold;
    hold.issuer = issuer;
    hold.until = until;
    hold.reason = paused ? "issuer " + issuer + " is paused" : "limits";
    hold.paused = paused;
    return hold;
}

} // namespace

TEST_CASE("without a certificate the next issuer is tried after the first failure") {
    told_machine c;
    c.prefer({"ca", "second", "third"});
    CHECK(c.tell(looked{}).issuer == "ca");
    auto step = c.tell(failed());
    CHECK(step.what == action::order);
    CHECK(step.issuer == "second");
    step = c.tell(failed(problem_class::later, false, "second"));
    CHECK(step.issuer == "third");
    step = c.tell(failed(problem_class::daily, false, "third"));
    CHECK(step.what == action::wait);
    c.now = step.when;
    CHECK(c.tell(woken{}).issuer == "ca");
}

TEST_CASE("while there is time an issuer is stayed with for three tries") {
    auto c = due_with_time_left();
    REQUIRE(c.tell(woken{}).issuer == "ca");
    for (int i = 0; i < 2; ++i) {
        const auto step = c.tell(failed());
        REQUIRE(step.what == action::wait);
        c.now = step.when;
        REQUIRE(c.tell(woken{}).issuer == "ca");
    }
    const auto step = c.tell(failed());
    CHECK(step.what == action::order);
    CHECK(step.issuer == "second");
}

TEST_CASE("a failure that does not pass by itself moves on at once") {
    auto c = due_with_time_left();
    const auto step = c.tell(failed(problem_class::daily));
    CHECK(step.what == action::order);
    CHECK(step.issuer == "second");
}

TEST_CASE("after a success anywhere the next renewal begins at the first") {
    auto c = due_with_time_left();
    c.tell(failed(problem_class::daily));
    c.tell(issued_version(version(2, "a.example,b.example", c.now), "second"));
    CHECK(c.state.job.issuer == "second");
    c.tell(made_live{});
    auto step = c.tell(deployed{});
    CHECK(step.what == action::wait); // having come from the second is no reason to reissue
    c.now = step.when;
    step = c.tell(woken{});
    CHECK(step.issuer == "ca");
}

TEST_CASE("a paused issuer is waited for while there is time, and passed over when it presses") {
    auto c = due_with_time_left();
    auto step = c.tell(held{hold_at("ca", c.now + hours(1), true)});
    CHECK(step.what == action::wait);
    CHECK(step.why == cause::hold);
    CHECK(step.when == c.now + hours(1));
    auto hold = hold_at("ca", c.now + hours(1), true);
    hold.give_way = true; // it has been failing for long
    CHECK(c.tell(held{hold}).issuer == "second");

    told_machine fresh;
    fresh.prefer({"ca", "second"});
    fresh.tell(looked{});
    CHECK(fresh.tell(held{hold_at("ca", fresh.now + hours(1), true)}).issuer == "second");
}

TEST_CASE("an order that stands is worth a short pause, even when time presses") {
    told_machine c = with_standing_order();
    c.tell(failed()); // of another key type's, say
    CHECK(c.tell(held{hold_at("ca", c.now + hours(1), true)}).issuer == "second");
    const wall_time end = c.now + minutes(10);
    auto step = c.tell(held{hold_at("ca", end, true)});
    CHECK(step.what == action::wait);
    CHECK(step.when == end);
    auto failing = hold_at("ca", end, true);
    failing.give_way = true;
    CHECK(c.tell(held{failing}).issuer == "second");
    c.now = end;
    CHECK(c.tell(woken{}).issuer == "ca");
}

TEST_CASE("an order that stands is worth three tries, even when time presses") {
    told_machine c = with_standing_order();
    for (int tries = 1; tries < 3; ++tries) {
        CAPTURE(tries);
        const auto step = c.tell(failed());
        REQUIRE(step.what == action::wait);
        c.now = step.when;
        REQUIRE(c.tell(woken{}).issuer == "ca");
    }
    CHECK(c.tell(failed()).issuer == "second");
}

TEST_CASE("limits are waited for, unless the certificate would not live to see the day") {
    auto c = due_with_time_left();
    CHECK(c.tell(held{hold_at("ca", c.now + days(2), false)}).what == action::wait);
    c.now = c.state.live->not_after() - days(3);
    CHECK(c.tell(held{hold_at("ca", c.state.live->not_after() + hours(1), false)}).issuer == "second");

    told_machine fresh;
    fresh.prefer({"ca", "second"});
    fresh.tell(looked{});
    const auto step = fresh.tell(held{hold_at("ca", fresh.now + hours(30), false)});
    CHECK(step.what == action::wait);
    CHECK(step.when == fresh.now + hours(30));
    fresh.now += hours(30);
    CHECK(fresh.tell(woken{}).issuer == "ca");
    CHECK(fresh.state.holds.empty());
}

TEST_CASE("each issuer climbs its own ladder: two dead CAs cost what two cost") {
    told_machine c;
    c.prefer({"ca", "second"});
    auto step = c.tell(looked{});
    std::map<std::string, unsigned> tries;
    const wall_time end = c.now + days(90);
    while (c.now < end) {
        if (step.what == action::order) {
            ++tries[step.issuer];
            step = c.tell(failed(problem_class::later, false, step.issuer));
        } else {
            REQUIRE(step.when > c.now);
            c.now = step.when;
            step = c.tell(woken{});
        }
    }
    for (const auto& [issuer, count] : tries) {
        CHECK(count <= 95);
        CHECK(count >= 80);
    }
    CHECK(tries.size() == 2);
}

TEST_CASE("an operator who wants it now begins at the first again") {
    auto c = due_with_time_left();
    c.tell(failed(problem_class::daily));
    c.tell(failed(problem_class::daily, false, "second"));
    c.tell(failed(problem_class::daily, false, "third"));
    CHECK(c.tell(woken{}).what == action::wait);
    const auto step = c.tell(renewal_asked{true});
    CHECK(step.what == action::order);
    CHECK(step.issuer == "ca");
}

TEST_CASE("a wait ends when time begins to press, if there is another issuer to turn to") {
    auto c = due_with_time_left();
    const wall_time presses = latest_renewal(c.state.live->not_before(), c.state.live->not_after());
    REQUIRE(c.now < presses - days(2));
    c.now = presses - days(2);
    REQUIRE(c.tell(woken{}).issuer == "ca");
    SECTION("at a paused issuer") {
        const auto step = c.tell(held{hold_at("ca", c.now + days(6), true)});
        REQUIRE(step.what == action::wait);
        CHECK(step.when == presses);
        c.now = step.when;
        CHECK(c.tell(woken{}).issuer == "second");
    }
    SECTION("after a failure with a long Retry-After") {
        order_failed far = failed();
        far.judged.at_least = days(8);
        const auto step = c.tell(far);
        REQUIRE(step.what == action::wait);
        CHECK(step.when == presses);
        c.now = step.when;
        CHECK(c.tell(woken{}).issuer == "second");
    }
    SECTION("not where there is none") {
        c.prefer({"ca"});
        c.tell(reconfigured{c.state.wanted});
        CHECK(c.tell(held{hold_at("ca", c.now + days(6), true)}).when == c.now + days(6));
    }
}
