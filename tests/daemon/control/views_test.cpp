#include "daemon/control/labels.hpp"
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

TEST_CASE("A certificate with several keys, issuers and the CA's window is shown with all of them") {
    auto one = sample_status("example");
    one.issuers = {"letsencrypt", "zerossl"};
    one.keys = {"ecdsa-p256", "rsa-2048"};
    one.reuse_key = true;
    one.profile = "tlsserver";
    one.other_keys = {*one.live};
    one.other_keys[0].key = key_type::rsa_2048;
    one.other_keys[0].serial = "0c0d";
    one.window = lifecycle::renewal_window_state{now, now + std::chrono::hours(24), now, "https://ca/\x1b"};
    one.revoking = true;
    const std::string text = certificate_view(one, now);
    CHECK(text.find("issuers         letsencrypt, zerossl\n") != std::string::npos);
    CHECK(text.find("keys            ecdsa-p256, rsa-2048 (kept when renewed)\n") != std::string::npos);
    CHECK(text.find("profile         tlsserver\n") != std::string::npos);
    CHECK(text.find("rsa-2048        serial 0c0d, expires 2027-01-19T00:00:00Z (in 59d)\n") !=
          std::string::npos);
    CHECK(text.find("renewal window  2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z, by the CA\n") !=
          std::string::npos);
    CHECK(text.find("it explains     https://ca/\\x1b\n") != std::string::npos);
    CHECK(text.find("revocation      asked for, not confirmed by the CA yet\n") != std::string::npos);
}

TEST_CASE("The plan says when, what and why, and what the next day brings") {
    using lifecycle::cause;
    using lifecycle::planned_step;
    using lifecycle::state;
    CHECK(plan_view({}, now, 0) == "nothing is planned\n");
    const wall_time expires = now + std::chrono::days(30);
    const std::vector<planned_step> plan{{"shop", now, state::ordering, cause::lifetime,
                                          "renewal at 2/3 of its lifetime of 90d", "ca", expires},
                                         {"new",
                                          now + std::chrono::minutes(9),
                                          state::failing,
                                          cause::retry,
                                          "retry at ca after 2 failures. What to do: wait\x1b",
                                          "ca",
                                          {}},
                                         {"blog", now + std::chrono::hours(3), state::waiting,
                                          cause::renewal_info, "renewal in the CA's window", "ca", expires},
                                         {"old", now + std::chrono::hours(4), state::waiting,
                                          cause::deployment, "version 2 is stored", "ca", expires},
                                         {"far", now + std::chrono::days(29), state::waiting, cause::hold,
                                          "50 certificates per 7d", "ca", expires}};
    const std::string text = plan_view(plan, now, 0);
    const std::string lines[] = {
        "WHEN                           CERTIFICATE  WHAT           ISSUER  EXPIRES              WHY\n",
        "now                            shop         ordering       ca      2026-12-21 (in 30d)  renewal at "
        "2/3 of",
        "2026-11-21T00:09:00Z (in 9m)   new          retry          ca      -                    retry at ca "
        "after 2 "
        "failures\n",
        "2026-11-21T03:00:00Z (in 3h)   blog         renewal (ARI)  ca      2026-12-21 (in 30d)  renewal in "
        "the CA's",
        "2026-11-21T04:00:00Z (in 4h)   old          deployment     ca      2026-12-21 (in 30d)  version 2 "
        "is stored\n",
        "2026-12-20T00:00:00Z (in 29d)  far          held back      ca      2026-12-21 (in 30d)  50 "
        "certificates per",
        "3 renewals in the next 24 h; 5 certificates in all, 1 failing\n"};
    std::size_t at = 0;
    for (const std::string& line : lines) { // in this order
        CAPTURE(line, text);
        const std::size_t found = text.find(line, at);
        REQUIRE(found != std::string::npos);
        at = found + 1;
    }
    const std::vector<planned_step> one{plan[4]};
    CHECK(plan_view(one, now, 0).ends_with("\n0 renewals in the next 24 h; 1 certificate in all\n"));
}

TEST_CASE("Outputs are shown with whom they are for") {
    auto one = sample_status("shop");
    one.deploy.clear();
    certificate_output output;
    output.directory = "/etc/ssl/shop";
    output.formats = {output_format::fullchain, output_format::privkey};
    one.outputs = {output, output};
    one.outputs[1].owner = "root";
    one.outputs[1].group = "ssl-cert";
    one.outputs[1].mode = 0640;
    const std::string text = certificate_view(one, now);
    CHECK(text.find("/etc/ssl/shop: fullchain, privkey\n") != std::string::npos);
    CHECK(text.find("/etc/ssl/shop: fullchain, privkey (root:ssl-cert 0640)\n") != std::string::npos);
    CHECK(text.find("(outputs only)") != std::string::npos);
}

TEST_CASE("The record is a table, newest last, with foreign text escaped") {
    const std::vector<lifecycle::history_line> lines{
        {now, "shop", "cert.ordering", severity::info, "ordering from ca", {}},
        {now + seconds(5), "", "issuer.paused", severity::warning, "no\x1b[2J\nway", {}}};
    CHECK(history_view({}, true) == "nothing is recorded\n");
    CHECK(history_view(lines, true) ==
          "TIME                  EVENT          CERTIFICATE  MESSAGE\n"
          "2026-11-21T00:00:00Z  cert.ordering  shop         ordering from ca\n"
          "2026-11-21T00:00:05Z  issuer.paused  -            no\\x1b[2J\\nway\n");
    CHECK(history_view({lines[0]}, false) == "TIME                  EVENT          MESSAGE\n"
                                             "2026-11-21T00:00:00Z  cert.ordering  ordering from ca\n");
}

TEST_CASE("Accounts are listed, and one is shown with what is left of its limits") {
    auto fresh = sample_account("zerossl");
    fresh.url.clear();
    fresh.contacts.clear();
    auto closed = sample_account("corp");
    closed.deactivated = true;
    auto removed = sample_account("gone");
    removed.configured = false;
    CHECK(accounts_view({}, 0) == "no accounts\n");
    CHECK(accounts_view({sample_account("ca"), fresh, closed, removed}, 0) ==
          "ISSUER   STATE           KEY         CONTACTS         ACCOUNT\n"
          "ca       in use          ecdsa-p256  ops@example.com  https://ca.example/account/1\n"
          "zerossl  none yet        ecdsa-p256  -                -\n"
          "corp     deactivated     ecdsa-p256  ops@example.com  https://ca.example/account/1\n"
          "gone     not configured  ecdsa-p256  ops@example.com  https://ca.example/account/1\n");
    auto one = sample_account("ca");
    one.at_the_ca = "valid\x1b";
    CHECK(account_view(one, now) == "issuer          ca\n"
                                    "directory       https://ca.example/directory\n"
                                    "state           in use\n"
                                    "account         https://ca.example/account/1\n"
                                    "contacts        ops@example.com\n"
                                    "key             ecdsa-p256\n"
                                    "thumbprint      tHuMb\n"
                                    "at the CA       \"valid\\x1b\"\n"
                                    "limits          new_orders: 298 of 300 left, all again in 1m\n"
                                    "                certificates_per_domain: 49 of 50 left, all again in 3h "
                                    "(example.com)\n");
}

TEST_CASE("Labelled text is broken at spaces and never inside a word") {
    labels narrow(60);
    narrow.add("label", "one two three four five six seven eight nine ten eleven");
    narrow.add("see", "https://ca.example/" + std::string(80, 'x'));
    narrow.add("nothing", "");
    CHECK(std::move(narrow).text() == "label           one two three four five six seven eight nine\n"
                                      "                ten eleven\n"
                                      "see             https://ca.example/" +
                                          std::string(80, 'x') + "\n");
    labels tiny(20); // a terminal that narrow wraps by itself
    tiny.add("label", "one two three four five six");
    CHECK(std::move(tiny).text() == "label           one two three four five six\n");
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
