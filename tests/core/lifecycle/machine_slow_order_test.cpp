// Orders that stand while the CA takes its time, and what becomes of orders that end without a certificate.
#include "core/lifecycle/spent_orders.hpp"
#include "tests/core/lifecycle/machine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;
using namespace std::chrono;

namespace {

order_failed works_on_it() {
    order_failed event = failed();
    event.slow = true;
    return event;
}

/// An order that the CA has accepted, with a second issuer to turn to.
void begin_order(told_machine& c) {
    c.tell(begun("key2", 1));
    c.tell(order_accepted{key_type::ecdsa_p256, "https://ca.example/order/2"});
}

told_machine with_two_issuers() {
    told_machine c;
    c.prefer({"ca", "second"});
    c.tell(looked{});
    return c;
}

/// Due for renewal, with a month of life left.
told_machine due_with_time_left() {
    told_machine c = with_two_issuers();
    c.now = c.issue_and_deploy(1).when;
    REQUIRE(c.tell(woken{}).issuer == "ca");
    return c;
}

/// Tells that the CA still works on it, at each look, until another issuer is asked: after how long.
milliseconds patience_of(told_machine& c) {
    const wall_time since = c.now;
    next_step step = c.tell(works_on_it());
    const unsigned failures = c.state.job.troubles.at(0).failures;
    for (int looks = 0; looks < 1000; ++looks) {
        if (step.what == action::order && step.issuer == "second") {
            return c.now - since;
        }
        if (step.what == action::order) {
            CHECK(step.issuer == "ca");
            step = c.tell(works_on_it());
            CHECK(c.state.job.orders.at(0).url == "https://ca.example/order/2");
            CHECK(c.state.job.troubles.at(0).failures == failures); // a wait, not a row of failures
            continue;
        }
        REQUIRE(step.what == action::wait);
        CHECK(step.when >= c.now + minutes(1));
        CHECK(step.when <= c.now + hours(1));
        c.now = step.when;
        step = c.tell(woken{});
    }
    FAIL("no other issuer is ever asked");
    return {};
}

storage::spent_order_record spent_at(wall_time when, const std::string& issuer = "ca") {
    return {issuer, when, "fresh", "00000000000000aa", {"a.example", "b.example"}};
}

} // namespace

TEST_CASE("an order that the CA works on is waited for a day while there is time") {
    told_machine c = due_with_time_left();
    begin_order(c);
    const milliseconds waited = patience_of(c);
    CHECK(waited > hours(24));
    CHECK(waited <= hours(25));
    CHECK(c.state.job.troubles.at(0).problem_class == "slow");
}

TEST_CASE("a CA that asks to be left alone for longer than our own pace is left alone for so long") {
    told_machine c = due_with_time_left();
    begin_order(c);
    order_failed event = works_on_it();
    event.judged.at_least = hours(5);
    CHECK(c.tell(event).when == c.now + hours(5));
    event.judged.at_least = days(30);
    CHECK(c.tell(event).when == c.now + days(1));
}

TEST_CASE("it is waited for two hours when nothing good is served") {
    told_machine c = with_two_issuers();
    SECTION("there is no certificate yet") {}
    SECTION("the live one is near its end") {
        c.issue_and_deploy(1);
        c.now = c.state.live->not_after() - days(3);
    }
    SECTION("the live one has expired") {
        c.issue_and_deploy(1);
        c.now = c.state.live->not_after() + hours(1);
    }
    SECTION("the live one was revoked") {
        c.issue_and_deploy(1);
        c.tell(revoked{"fp1"});
    }
    begin_order(c);
    const milliseconds waited = patience_of(c);
    CHECK(waited > hours(2));
    CHECK(waited <= hours(3));
}

TEST_CASE("patience counts from the beginning of this wait, not of an older row of failures") {
    told_machine c = due_with_time_left();
    c.tell(failed());
    c.tell(failed()); // a third would be the next issuer's turn
    c.now += hours(30);
    begin_order(c);
    const wall_time since = c.now;
    const auto step = c.tell(works_on_it());
    CHECK(step.what == action::wait);
    CHECK(step.reason.find("its order at ca is looked at again") == 0);
    CHECK(c.state.job.troubles.at(0).first_failure == since);
    CHECK(patience_of(c) > hours(24) - minutes(1));

    // What comes after the wait is a row of failures again.
    told_machine again = due_with_time_left();
    begin_order(again);
    again.tell(works_on_it());
    again.tell(failed());
    CHECK(again.state.job.troubles.at(0).problem_class == "later");
    CHECK(again.state.job.troubles.at(0).failures == 2);
}

TEST_CASE("a lost order is not waited for, however slow the CA was") {
    told_machine c = with_two_issuers();
    begin_order(c);
    c.tell(works_on_it());
    order_failed gone = works_on_it();
    gone.order_lost = true;
    CHECK(c.tell(gone).issuer == "second");
    CHECK(c.state.job.orders.empty());
}

TEST_CASE("an order that ends without a certificate gives back its set and domains, not the account's") {
    told_machine c = with_two_issuers();
    const wall_time earlier = c.now - hours(5);
    order_begun order = begun("key1");
    order.still_counted = {spent_at(earlier), spent_at(c.now, "second")};
    order.order.spent = c.now;
    order.spent = from_record(spent_at(c.now));
    c.tell(order);
    c.tell(order_accepted{key_type::ecdsa_p256, "https://ca.example/order/1"});
    REQUIRE(c.state.job.spent.size() == 3);
    const auto before = c.state.job.spent;

    c.tell(failed()); // it stands: nothing is given back
    CHECK(c.state.job.spent == before);

    order_failed nothing_came = failed(problem_class::later, true);
    nothing_came.unissued = true;
    c.tell(nothing_came);
    auto expected = before;
    expected.back().set.clear();
    expected.back().domains.clear();
    CHECK(c.state.job.spent == expected);
    CHECK(c.state.job.spent.back().kind == "fresh"); // the account's token stays taken

    c.tell(nothing_came); // its order is gone: nothing is given back twice
    CHECK(c.state.job.spent == expected);
}

TEST_CASE("what no limit counts any more is forgotten with the next order") {
    told_machine c = with_two_issuers();
    order_begun order = begun("key1");
    order.still_counted = {spent_at(c.now - hours(50)), spent_at(c.now - hours(5))};
    c.tell(order);
    CHECK(c.state.job.spent.size() == 2);
    order.still_counted = {spent_at(c.now - hours(5))};
    c.tell(order);
    CHECK(c.state.job.spent == order.still_counted);
}

TEST_CASE("a clock set back moves failures' waits, holds and the deployment's retry with it") {
    constexpr hours back{30};
    told_machine c = with_two_issuers();
    SECTION("after a failure") {
        c.prefer({"ca"});
        const auto before = c.tell(failed(problem_class::daily));
        c.now -= back;
        const auto after = c.tell(clock_set_back{back});
        CHECK(after.what == action::wait);
        CHECK(after.when == before.when - back);
    }
    SECTION("a hold") {
        issuer_hold hold;
        hold.issuer = "ca";
        hold.until = c.now + hours(40);
        hold.reason = "its limits leave no room";
        const auto before = c.tell(held{hold});
        REQUIRE(before.why == cause::hold);
        c.now -= back;
        const auto after = c.tell(clock_set_back{back});
        CHECK(after.what == action::wait);
        CHECK(after.when == before.when - back);
    }
    SECTION("a deployment") {
        c.issue_and_deploy(1);
        const version_facts served = *c.state.live;
        c.tell(renewal_asked{true});
        c.issue(2);
        c.tell(made_live{});
        const auto before = c.tell(deployment_failed{"nginx -t failed", served});
        REQUIRE(before.why == cause::deployment);
        c.now -= minutes(20);
        const auto after = c.tell(clock_set_back{minutes(20)});
        CHECK(after.what == action::wait);
        CHECK(after.when == before.when - minutes(20));
    }
}
