#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/machine.hpp"
#include "tests/core/lifecycle/machine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;
using namespace std::chrono;

namespace {

const wall_time start = machine_start;
using conversation = told_machine;

} // namespace

TEST_CASE("the first life of a certificate: look, order, deploy, wait for 2/3") {
    conversation c;
    CHECK(c.tell(woken{}).what == action::look);
    auto step = c.tell(looked{});
    CHECK(step.what == action::order);
    CHECK(step.reason == "there is no certificate yet");
    step = c.issue(1);
    CHECK(step.what == action::deploy);
    CHECK(c.state.job.deploying == 1);
    CHECK(c.state.job.orders.empty());
    c.tell(made_live{});
    step = c.tell(deployed{});
    CHECK(step.what == action::wait);
    CHECK(step.when >= start + days(60));
    CHECK(step.when <= start + days(61));
    CHECK(c.state.live->number == 1);
    CHECK(c.state.job.deployed == "fp1");
    c.now = step.when;
    CHECK(c.tell(woken{}).what == action::order);
}

TEST_CASE("a restart keeps the drawn moment and the backoff") {
    conversation c;
    c.tell(looked{});
    const auto drawn = c.issue_and_deploy(1).when;
    conversation after;
    after.random = make_seeded_random(99);
    CHECK(after.tell(looked{c.state.live, std::nullopt, c.state.job}).when == drawn);

    c.now = drawn;
    CHECK(c.tell(failed()).what == action::wait);
    const auto retry = c.tell(woken{}).when;
    after = conversation();
    after.now = drawn;
    CHECK(after.tell(looked{c.state.live, std::nullopt, c.state.job}).when == retry);
}

TEST_CASE("failures climb the ladder and success forgives") {
    conversation c;
    c.tell(looked{});
    std::vector<milliseconds> delays;
    for (int i = 0; i < 6; ++i) {
        const auto step = c.tell(failed());
        REQUIRE(step.what == action::wait);
        delays.push_back(step.when - c.now);
        c.now = step.when;
        REQUIRE(c.tell(woken{}).what == action::order);
    }
    CHECK(delays[0] < minutes(2));
    CHECK(delays[1] >= minutes(10));
    CHECK(delays[2] >= minutes(100));
    CHECK(delays[5] >= hours(24));
    CHECK(c.state.job.failures() == 6);
    c.issue_and_deploy(1);
    CHECK(c.state.job.failures() == 0);
    CHECK(c.state.job.troubles.empty());
}

TEST_CASE("changing names, key or issuer reissues; the same names in another order do not") {
    conversation c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    certificate_ptr wanted =
        changed(c.state.wanted, [](auto& one, auto&) { std::swap(one.names[0], one.names[1]); });
    CHECK(c.tell(reconfigured{wanted}).what == action::wait);
    SECTION("names") {
        wanted =
            changed(wanted, [](auto& one, auto&) { one.names.push_back(*parse_identifier("c.example")); });
        CHECK(c.tell(reconfigured{wanted}).what == action::order);
    }
    SECTION("key") {
        wanted = changed(wanted, [](auto&, auto& policy) { policy.keys = {key_type::rsa_2048}; });
        CHECK(c.tell(reconfigured{wanted}).what == action::order);
    }
    SECTION("profile") {
        wanted = changed(wanted, [](auto&, auto& policy) { policy.profile = "shortlived"; });
        CHECK(c.tell(reconfigured{wanted}).what == action::order);
    }
    SECTION("another issuer is preferred, the one that issued stays in the list") {
        wanted = changed(wanted, [](auto&, auto& policy) { policy.issuers = {"other", "ca"}; });
        CHECK(c.tell(reconfigured{wanted}).what == action::wait);
    }
    SECTION("issuer") {
        wanted = changed(wanted, [](auto&, auto& policy) { policy.issuers = {"other"}; });
        CHECK(c.tell(reconfigured{wanted}).what == action::order);
        // An order that fails at the new one does not make the live certificate look like the new issuer's.
        c.tell(begun("key2"));
        c.now = c.tell(failed()).when;
        CHECK(c.tell(woken{}).what == action::order);
        conversation after;
        after.state.wanted = wanted;
        after.now = c.now;
        CHECK(after.tell(looked{c.state.live, std::nullopt, c.state.job}).what == action::order);
    }
    SECTION("another deployment deploys, and does not reissue") {
        wanted = changed(wanted, [](auto&, auto& policy) { policy.deploy = {"nginx"}; });
        CHECK(c.tell(reconfigured{wanted}).what == action::deploy);
        c.tell(made_live{});
        CHECK(c.tell(deployed{}).what == action::wait);
    }
}

TEST_CASE("a corrected configuration is tried at once, also over a restart; an unchanged one is not") {
    conversation c;
    c.tell(looked{});
    CHECK(c.tell(failed(problem_class::daily)).what == action::wait);
    SECTION("reload") {
        CHECK(c.tell(reconfigured{c.state.wanted}).what == action::order);
    }
    SECTION("restart unchanged") {
        conversation after;
        CHECK(after.tell(looked{std::nullopt, std::nullopt, c.state.job}).what == action::wait);
    }
    SECTION("restart changed") {
        conversation after;
        after.state.wanted = changed(after.state.wanted, [](auto& one, auto&) { one.names.pop_back(); });
        CHECK(after.tell(looked{std::nullopt, std::nullopt, c.state.job}).what == action::order);
    }
}

TEST_CASE("a renewal asked for respects a backoff unless it is wanted now") {
    conversation c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    CHECK(c.tell(renewal_asked{false}).what == action::order);
    CHECK(c.tell(failed()).what == action::wait);
    CHECK(c.tell(renewal_asked{false}).what == action::wait);
    CHECK(c.tell(renewal_asked{true}).what == action::order);
    CHECK(c.issue_and_deploy(2).what == action::wait);
    CHECK(c.state.live->number == 2);
}

TEST_CASE("a failed deployment is retried by itself and never orders") {
    conversation c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    c.tell(renewal_asked{true});
    const version_facts before = *c.state.live;
    c.issue(2);
    c.tell(made_live{});
    CHECK(c.state.live->number == 2);
    auto step = c.tell(deployment_failed{"nginx -t failed", before});
    CHECK(c.state.live->number == 1);
    CHECK(c.state.job.deploying == 2);
    for (int i = 0; i < 5; ++i) {
        REQUIRE(step.what == action::wait);
        REQUIRE(step.when >= c.now + minutes(1));
        c.now = step.when;
        step = c.tell(woken{});
        REQUIRE(step.what == action::deploy);
        c.tell(made_live{});
        step = c.tell(deployment_failed{"nginx -t failed", before});
    }
    CHECK(c.state.job.deploy_failures == 6);
    CHECK(c.state.job.failures() == 0);
    c.tell(deployment_asked{});
    c.tell(made_live{});
    CHECK(c.tell(deployed{}).what == action::wait);
    CHECK(c.state.live->number == 2);
    CHECK(c.state.job.deploy_problem.empty());
}

TEST_CASE("the files decide, not the record") {
    conversation c;
    c.tell(looked{});
    c.tell(begun("key2"));
    c.tell(order_accepted{key_type::ecdsa_p256, "https://ca.example/order/2"});
    const storage::job_record mid_order = c.state.job;
    SECTION("crash before the version was stored: the order is resumed") {
        conversation after;
        CHECK(after.tell(looked{std::nullopt, std::nullopt, mid_order}).what == action::order);
        CHECK(after.state.job.orders.at(0).url == "https://ca.example/order/2");
    }
    SECTION("crash after it was stored: it is deployed, nothing is ordered") {
        conversation after;
        CHECK(after.tell(looked{std::nullopt, version(2), mid_order}).what == action::deploy);
        CHECK(after.state.job.orders.empty());
        CHECK(after.state.job.issuer == "ca");
    }
    SECTION("crash after it was made live: nothing is left to do") {
        conversation after;
        CHECK(after.tell(looked{version(2), std::nullopt, mid_order}).what == action::wait);
        CHECK(after.state.job.orders.empty());
    }
    SECTION("the same, and it had been asked for: that is done") {
        storage::job_record asked = mid_order;
        asked.renew_reason = "asked for by an operator";
        conversation after;
        CHECK(after.tell(looked{version(2), std::nullopt, asked}).what == action::wait);
    }
    SECTION("record lost: a good live certificate is kept") {
        conversation after;
        CHECK(after.tell(looked{version(2), std::nullopt, std::nullopt}).what == action::wait);
    }
    SECTION("another key means another order") {
        conversation after;
        after.tell(looked{std::nullopt, std::nullopt, mid_order});
        after.tell(begun("key3"));
        CHECK(after.state.job.orders.at(0).url.empty());
    }
}

TEST_CASE("a lost order is forgotten, a slow one is kept") {
    conversation c;
    c.tell(looked{});
    c.tell(begun("key1"));
    c.tell(order_accepted{key_type::ecdsa_p256, "https://ca.example/order/1"});
    c.tell(failed(problem_class::later, false));
    CHECK(c.state.job.orders.at(0).url == "https://ca.example/order/1");
    c.tell(failed(problem_class::later, true));
    CHECK(c.state.job.orders.empty());
}

TEST_CASE("a revoked certificate is replaced at once and never comes back") {
    conversation c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    const auto step = c.tell(revoked{"fp1"});
    CHECK(step.what == action::order);
    CHECK(step.reason == "the certificate was revoked");
    CHECK(c.issue_and_deploy(2).what == action::wait);
    conversation after;
    CHECK(after.tell(looked{std::nullopt, version(1), c.state.job}).what == action::order);
}

TEST_CASE("moments from a clock that was wrong are not believed") {
    conversation c;
    c.tell(looked{});
    c.now = start + days(3650);
    c.tell(failed());
    c.now = start;
    CHECK(c.tell(woken{}).what == action::order);

    conversation d;
    d.tell(looked{});
    d.issue_and_deploy(1);
    storage::job_record job = d.state.job;
    job.renew_at = start + days(4000);
    conversation after;
    const auto step = after.tell(looked{d.state.live, std::nullopt, job});
    CHECK(step.what == action::wait);
    CHECK(step.when <= start + days(90));
}

TEST_CASE("a clock far behind neither renews nor panics") {
    conversation c;
    c.now = start - days(365 * 30);
    const auto step = c.tell(looked{version(1), std::nullopt, std::nullopt});
    CHECK(step.what == action::wait);
}

TEST_CASE("a CA that dates back does not make us renew in a circle") {
    conversation c;
    c.tell(looked{});
    version_facts backdated = version(1);
    backdated.leaves[0].not_before = start - hours(2);
    backdated.leaves[0].not_after = start + hours(1);
    c.tell(begun("key1"));
    c.tell(issued_version(backdated));
    c.tell(made_live{});
    const auto step = c.tell(deployed{});
    CHECK(step.what == action::wait);
    CHECK(step.when >= start + minutes(20));
}

TEST_CASE("any event in any state has an answer") {
    const std::vector<machine_event> events{looked{},
                                            looked{version(1), version(2), std::nullopt},
                                            woken{},
                                            renewal_asked{true},
                                            deployment_asked{},
                                            begun("k"),
                                            order_accepted{key_type::ecdsa_p256, "u"},
                                            issued_version(version(3)),
                                            failed(),
                                            failed(problem_class::never, true),
                                            made_live{},
                                            deployed{},
                                            deployment_failed{"x", std::nullopt},
                                            deployment_failed{"x", version(1)},
                                            revoked{"fp1"},
                                            revoked{"fp3"}};
    const auto chance = make_seeded_random(11);
    for (int round = 0; round < 2000; ++round) {
        conversation c;
        for (int i = 0; i < 12; ++i) {
            const auto step = c.tell(events[static_cast<std::size_t>(
                chance->between(0, static_cast<std::int64_t>(events.size()) - 1))]);
            if (step.what == action::deploy) {
                REQUIRE(c.state.staged);
            }
            if (step.what == action::wait) {
                REQUIRE(step.when > c.now);
                REQUIRE_FALSE(step.reason.empty());
            }
            c.now += hours(chance->between(0, 100));
        }
    }
}
