// What is worth telling, row by row.
#include "daemon/notify/conditions.hpp"
#include "tests/daemon/notify/stage.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using lifecycle::certificate_status;
using lifecycle::state;
using std::chrono::days;
using std::chrono::hours;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

std::string told(const judgement& made) {
    std::string all;
    for (const news each : made.tell) {
        all += (all.empty() ? "" : ",") + std::string(to_string(each));
    }
    return all;
}

std::string told(const certificate_status& one, const told_state& before = {},
                 const config::notification& by = rule()) {
    return told(judge(one, before, by, now));
}

/// Good, but its renewal fails and so many days are left of 90.
certificate_status failing_with_left(days left, unsigned failures) {
    certificate_status one = failing("a.example", failures);
    one.live->not_after = now + left;
    one.live->not_before = one.live->not_after - days(90);
    return one;
}

told_state was_told(bool failing, bool expiring) {
    told_state state;
    state.failing = failing;
    state.expiring = expiring;
    state.since = now - days(1);
    return state;
}

} // namespace

TEST_CASE(
    "expiring begins at a sixth of the lifetime, or as configured, and never before a renewal is late") {
    struct row {
        milliseconds lifetime;
        std::optional<milliseconds> before;
        milliseconds left; ///< when it begins
    };
    const std::vector<row> rows = {
        {days(90), std::nullopt, days(15)},
        {days(45), std::nullopt, hours(180)},
        {hours(160), std::nullopt, std::chrono::minutes(1600)},
        {days(90), days(25), days(25)},
        {days(90), days(3), days(3)},
        {days(90), days(60), days(29)},    // its renewal's window closes a day after 2/3
        {hours(160), days(20), hours(64)}, // and there at 1/2 and a tenth
        {seconds(30), std::nullopt, seconds(5)},
    };
    for (const row& each : rows) {
        INFO(format_duration(each.lifetime));
        CHECK(expiring_from(now, now + each.lifetime, each.before) == now + each.lifetime - each.left);
    }
}

TEST_CASE("failing is told after so many failures, or when it is grave") {
    struct row {
        std::string why;
        certificate_status one;
        std::string told;
    };
    certificate_status none = failing("a.example", 1);
    none.live.reset();
    certificate_status revoked = failing("a.example", 1);
    revoked.live->revoked = true;
    certificate_status deploying = sample_status("a.example");
    deploying.where = state::failing;
    deploying.deploy_failures = 3;
    deploying.deploy_problem = "nginx does not serve it";
    certificate_status once_deploying = deploying;
    once_deploying.deploy_failures = 2;
    certificate_status unreadable = sample_status("a.example");
    unreadable.where = state::failing;
    unreadable.live.reset();
    unreadable.problem = "the disk is gone";
    certificate_status trying = failing("a.example", 3);
    trying.where = state::ordering;
    certificate_status starting = failing("a.example", 3);
    starting.where = state::starting;
    certificate_status slow = failing("a.example", 1, "slow");
    slow.live.reset();
    slow.at[0].first_failure = now - hours(5);
    certificate_status too_slow = slow;
    too_slow.at[0].first_failure = now - hours(6);
    certificate_status held = sample_status("a.example");
    held.where = state::failing;
    lifecycle::issuer_state at;
    at.name = "letsencrypt";
    at.held_because = "its limits leave no room";
    held.at.push_back(at);
    const std::vector<row> rows = {
        {"two of three", failing("a.example", 2), ""},
        {"three", failing("a.example", 3), "failing"},
        {"only a person helps", failing("a.example", 1, "daily"), "failing"},
        {"never again so", failing("a.example", 1, "never"), "failing"},
        {"no certificate at all", none, "failing"},
        {"what is live is revoked", revoked, "failing"},
        {"deployments count as well", deploying, "failing"},
        {"twice", once_deploying, ""},
        {"nothing can be read", unreadable, "failing"},
        {"another try is under way", trying, "failing"},
        {"nothing is known yet", starting, ""},
        {"the CA takes its time", slow, ""},
        {"the CA takes too long", too_slow, "failing"},
        {"an issuer's pause is nobody's failure", held, ""},
        {"all is well", sample_status("a.example"), ""},
        {"it expires soon", failing_with_left(days(10), 1), "failing,expiring"},
    };
    for (const row& each : rows) {
        INFO(each.why);
        CHECK(told(each.one) == each.told);
        CHECK(told(each.one, was_told(true, true)).find("failing") == std::string::npos);
    }
}

TEST_CASE("a number of failures of one's own") {
    config::notification by = rule();
    by.after = 1;
    CHECK(told(failing("a.example", 1), {}, by) == "failing");
    by.after = 10;
    CHECK(told(failing("a.example", 9), {}, by).empty());
    by.on = {news::expiring, news::recovered};
    CHECK(told(failing("a.example", 10), {}, by).empty());
}

TEST_CASE("expiring is told of what is not renewed, not of what waits for its time") {
    certificate_status late = failing_with_left(days(15), 0);
    late.at.clear();
    late.problem.clear();
    late.where = state::queued;
    CHECK(told(late) == "expiring");
    late.where = state::waiting;
    late.next_run = now + hours(1); // as its CA wants it (RFC 9773)
    CHECK(told(late).empty());
    late.next_run = now - hours(1);
    CHECK(told(late) == "expiring");
    CHECK(told(late, was_told(false, true)).empty());
    // The key that ends first counts.
    certificate_status pair = sample_status("a.example");
    pair.where = state::ordering;
    CHECK(told(pair).empty());
    pair.other_keys.push_back(*late.live);
    CHECK(told(pair) == "expiring");
}

TEST_CASE("recovered follows only what was told, and only a good certificate at rest") {
    const certificate_status good = sample_status("a.example");
    CHECK(told(good).empty());
    CHECK(told(good, was_told(false, false)).empty());
    CHECK(told(good, was_told(true, false)) == "recovered");
    CHECK(told(good, was_told(false, true)) == "recovered");
    CHECK(judge(good, was_told(true, true), rule(), now).then == told_state());
    certificate_status under_way = good;
    under_way.where = state::deploying;
    CHECK(told(under_way, was_told(true, false)).empty());
    CHECK(judge(under_way, was_told(true, false), rule(), now).then.failing);
    certificate_status revoked = good;
    revoked.live->revoked = true;
    CHECK(told(revoked, was_told(true, false)).empty());
    config::notification by = rule();
    by.on = {news::failing};
    CHECK(told(good, was_told(true, false), by).empty());
    CHECK(judge(good, was_told(true, false), by, now).then.blank()); // and may be told again
}

TEST_CASE("since when is known from the first failure") {
    const certificate_status one = failing("a.example", 3);
    CHECK(judge(one, {}, rule(), now).then.since == now - days(1));
    CHECK(judge(failing("a.example", 1), {}, rule(), now).then.since == now - days(1)); // told or not
    told_state earlier;
    earlier.since = now - days(9);
    CHECK(judge(one, earlier, rule(), now).then.since == now - days(9));
}

TEST_CASE("a rule may be about some certificates only") {
    certificate_status one = sample_status("example"); // example.com, www.example.com
    config::notification by = rule();
    CHECK(concerns(by, one));
    for (const std::string fits : {"example", "example.com", "*.example.com", "*"}) {
        by.certificates = {"other", fits};
        CHECK(concerns(by, one));
    }
    for (const std::string other : {"other", "example.org", "*.example.org", "www.example"}) {
        by.certificates = {other};
        CHECK_FALSE(concerns(by, one));
    }
}

TEST_CASE("a notice has cause and mend apart, and is safe to print") {
    certificate_status one = failing("a.example", 4);
    one.issuer = "corp\x1b[31m";
    const notice made = make_notice(news::failing, one, was_told(true, false), "", now);
    CHECK(made.certificate == "a.example");
    CHECK(made.names == one.names);
    CHECK(made.issuer == "corp\\x1b[31m");
    CHECK(made.failures == 4);
    CHECK(made.problem_class == "later");
    CHECK(!made.happened.empty());
    CHECK(!made.mend.empty());
    CHECK(made.since == now - days(1));
    CHECK(made.expires == one.live->not_after);
    CHECK(made.next_try == one.next_run);
    const notice gone = make_notice(news::revoked, sample_status("a.example"), {}, "its CRL\nlists it", now);
    CHECK(gone.happened == "its CRL\\nlists it");
    CHECK(!gone.mend.empty());
    const notice well =
        make_notice(news::recovered, sample_status("a.example"), was_told(true, false), "", now);
    CHECK(well.happened == "a good certificate is in use, serial 0a1b");
    CHECK(well.mend.empty());
    CHECK(well.failures == 0);
}
