#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/control/waiting.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

} // namespace

TEST_CASE("Columns are aligned by characters and the last one is cut to the terminal") {
    table t({"NAME", "STATE", "PROBLEM"});
    t.add({"bücher", "waiting", ""});
    t.add({"a", "failing", "the CA refused it at length"});
    CHECK(t.render() == "NAME    STATE    PROBLEM\n"
                        "bücher  waiting\n"
                        "a       failing  the CA refused it at length\n");
    CHECK(t.render(30) == "NAME    STATE    PROBLEM\n"
                          "bücher  waiting\n"
                          "a       failing  the CA ref...\n");
    CHECK(cut("äöüß", 4) == "äöüß");
    CHECK(cut("äöüßx", 4) == "ä...");
}

TEST_CASE("The status table says when and what next") {
    CHECK(status_view({}, now, 0) == "no certificates\n");
    auto failing = sample_status("wildcard.example.org");
    failing.where = lifecycle::state::failing;
    failing.live.reset();
    failing.next_run = now + std::chrono::minutes(9) + seconds(5);
    failing.next_reason = "retry 2 after a failure";
    failing.problem = "DNS says \"no\"\x1b[2J";
    CHECK(status_view({sample_status("example"), failing}, now, 0) ==
          "NAME                  STATE    ISSUER       EXPIRES              NEXT                             "
          "       PROBLEM\n"
          "example               waiting  letsencrypt  2027-01-19 (in 59d)  in 29d: renewal at 2/3 of its "
          "lifetime\n"
          "wildcard.example.org  failing  letsencrypt  -                    in 9m: retry 2 after a failure   "
          "       "
          "DNS says \"no\"\\x1b[2J\n");
}

TEST_CASE("Times are relative and short") {
    CHECK(relative(now + std::chrono::hours(59 * 24 + 5), now) == "in 59d");
    CHECK(relative(now - std::chrono::hours(3), now) == "3h ago");
    CHECK(relative(now, now) == "now");
}

TEST_CASE("One certificate is shown with foreign text escaped") {
    auto one = sample_status("example");
    one.deploy_failures = 2;
    one.deploy_problem = "still old";
    one.order_url = "https://ca/\n1";
    const std::string text = certificate_view(one, now);
    CHECK(text.find("signed by       \"R\\x1b[31m11\"\n") != std::string::npos);
    CHECK(text.find("expires         2027-01-19T00:00:00Z (in 59d)\n") != std::string::npos);
    CHECK(text.find("deploy failures 2 in a row\n") != std::string::npos);
    CHECK(text.find("order           https://ca/\\n1\n") != std::string::npos);
    CHECK(text.find("revoked") == std::string::npos);
    CHECK(text.find("problem         ") == std::string::npos);
}

TEST_CASE("A renewal is done when another leaf is live and nothing is under way") {
    const auto before = sample_status("example");
    wait_judge judge(errand::renew, before);
    auto seen = before;
    CHECK(judge.look(seen) == wait_verdict::going_on);
    seen.where = lifecycle::state::ordering;
    CHECK(judge.look(seen) == wait_verdict::going_on);
    seen.where = lifecycle::state::deploying;
    seen.live->fingerprint = "f2";
    CHECK(judge.look(seen) == wait_verdict::going_on);
    SECTION("good") {
        seen.where = lifecycle::state::waiting;
        CHECK(judge.look(seen) == wait_verdict::succeeded);
    }
    SECTION("deploying failed") {
        seen.where = lifecycle::state::failing;
        seen.deploy_failures = 1;
        CHECK(judge.look(seen) == wait_verdict::failed);
    }
    SECTION("ordering failed") {
        seen.live->fingerprint = "f1";
        seen.where = lifecycle::state::failing;
        seen.failures = 1;
        CHECK(judge.look(seen) == wait_verdict::failed);
    }
}

TEST_CASE("A renewal that has to wait out a backoff is told as postponed") {
    auto before = sample_status("example");
    before.where = lifecycle::state::failing;
    before.failures = 2;
    before.last_failure = now;
    wait_judge judge(errand::renew, before);
    for (int i = 0; i < 4; ++i) {
        CHECK(judge.look(before) == wait_verdict::going_on);
    }
    CHECK(judge.look(before) == wait_verdict::postponed);
}

TEST_CASE("A failure again in the same state is a failure, not a postponement") {
    auto before = sample_status("example");
    before.where = lifecycle::state::failing;
    before.failures = 1;
    before.last_failure = now;
    wait_judge judge(errand::renew, before);
    auto after = before;
    after.last_failure = now + seconds(1);
    CHECK(judge.look(after) == wait_verdict::failed);
}

TEST_CASE("A deployment is done when it was under way and is deployed") {
    const auto before = sample_status("example");
    wait_judge judge(errand::deploy, before);
    auto seen = before;
    seen.where = lifecycle::state::deploying;
    CHECK(judge.look(seen) == wait_verdict::going_on);
    CHECK(judge.look(before) == wait_verdict::succeeded);

    // So fast that no poll saw it: believed after a while.
    wait_judge blink(errand::deploy, before);
    for (int i = 0; i < 4; ++i) {
        CHECK(blink.look(before) == wait_verdict::going_on);
    }
    CHECK(blink.look(before) == wait_verdict::succeeded);
}
