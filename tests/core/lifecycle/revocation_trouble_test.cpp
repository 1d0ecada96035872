// CRLs that are missing, late, forged or somebody else's: said, never believed.
#include "tests/core/lifecycle/crl_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_METHOD(crl_bench,
                 "What is not the issuer's list for this certificate is said once and never believed") {
    struct row {
        std::string what;
        result<http_response> published;
        std::string says;
    };
    const authority other = authority::make_root("Another Issuer");
    const authority impostor = authority::make_root("Test Issuing");
    const std::string good = make_crl(ca, revoking());
    std::string damaged = good;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x20);
    auto shard = revoking();
    shard.extensions.emplace_back("issuingDistributionPoint",
                                  "critical,fullname:URI:http://c.example/13.crl");
    auto for_cas = revoking();
    for_cas.extensions.emplace_back("issuingDistributionPoint", "critical,onlyCA:TRUE");
    const std::vector<row> rows = {
        {"a web page", answered(200, "<html><body>Sign in to use this network</body></html>"), "web page"},
        {"nothing", answered(200), "no CRL"},
        {"half of it", answered(200, good.substr(0, good.size() / 2)), "no CRL"},
        {"a damaged one", answered(200, damaged), ""},
        {"PEM", answered(200, "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n"), "PEM"},
        {"a certificate", answered(200, ca.own().der()), "no CRL"},
        {"badly signed", answered(200, make_crl(impostor, revoking())), "signature"},
        {"of another issuer", answered(200, make_crl(other, revoking())), "another issuer"},
        {"another shard", answered(200, make_crl(ca, shard)), "other certificates"},
        {"for CA certificates", answered(200, make_crl(ca, for_cas)), "not one for all leaves"},
        {"not modified, unasked", answered(304), "304"},
        {"gone", answered(404, good), "status 404"},
        {"moved", answered(301, good, {{"Location", "http://d.example/"}}), "redirects are not followed"},
        {"no content", answered(204, good), "status 204"},
        {"an error", answered(503), "status 503"},
        {"oversized", fail(errc::too_large, "the answer of c.example is longer than 16777216 bytes"),
         "longer than"},
        {"unreachable", fail(errc::network, "cannot connect to c.example:80", "\x1b[31m"), "cannot connect"},
        {"silent", fail(errc::timed_out, "no complete answer"), "no complete answer"},
    };
    for (const row& one : rows) {
        INFO(one.what);
        start();
        events.all.clear();
        publish(one.published);
        for (int i = 0; i < 3; ++i) {
            const auto answer = ask("1001");
            CHECK(answer.verdict == crl_verdict::unknown);
            CHECK(has(answer.trouble, one.says));
            CHECK_FALSE(answer.trouble.empty());
            CHECK_FALSE(has(answer.trouble, "\x1b"));
            CHECK(answer.ask_again > time.now());
            time.advance(hours(1));
        }
        CHECK(events.count("crl.fetched") == 0);
        REQUIRE(events.count("crl.unusable") == 1);
        const event& told = *events.last("crl.unusable");
        CHECK(told.level == severity::warning);
        CHECK(told.fields.at(0) == std::pair<std::string, std::string>("url", url));
        CHECK(has(told.message, one.says));

        // And when it is mended, all is well.
        auto mended = revoking();
        mended.next_update = november(30) + hours(24 * 30);
        publish(mended);
        time.advance(hours(14));
        CHECK(ask("1001").verdict == crl_verdict::revoked);
        CHECK(events.count("crl.unusable") == 1);
        REQUIRE(events.count("crl.fetched") == 1);
        CHECK(events.last("crl.fetched")->level == severity::info);
    }
}

TEST_CASE_METHOD(crl_bench, "A shard that names the URL of the leaf is taken") {
    auto shard = revoking();
    shard.extensions.emplace_back("issuingDistributionPoint",
                                  "critical,fullname:URI:" + url + ",onlyuser:TRUE");
    publish(shard);
    CHECK(ask().verdict == crl_verdict::revoked);
}

TEST_CASE_METHOD(crl_bench, "Failures back off from ten minutes to twelve hours") {
    publish(fail(errc::network, "cannot connect"));
    const auto start = time.steady_now();
    for (int i = 0; i < 60 * 24 * 4; ++i) {
        ask();
        time.advance(minutes(1));
    }
    REQUIRE(http.seen.size() > 8);
    CHECK(http.seen[0].first == start);
    milliseconds expected = minutes(10);
    for (std::size_t i = 1; i < http.seen.size(); ++i) {
        const auto gap = http.seen[i].first - http.seen[i - 1].first;
        CHECK(gap >= expected);
        CHECK(gap <= expected + expected / 10 + minutes(1));
        expected = std::min<milliseconds>(expected * 2, hours(12));
    }
    CHECK(http.seen.size() <= 15);
    CHECK(events.count("crl.unusable") == 1);
    publish(crl_plan{});
    time.advance(hours(14));
    CHECK(ask().verdict == crl_verdict::good);
    publish(fail(errc::network, "cannot connect"));
    time.advance(hours(14));
    ask();
    time.advance(minutes(12));
    const auto before = http.seen.size();
    ask();
    CHECK(http.seen.size() == before + 1); // the ladder began anew
}

TEST_CASE_METHOD(crl_bench, "A server that asks to be left alone is left alone") {
    publish(answered(429, "", {{"Retry-After", "7200"}}));
    const auto answer = ask();
    CHECK(answer.ask_again >= time.now() + hours(2));
    time.advance(minutes(119));
    ask();
    CHECK(http.seen.size() == 1);
    time.advance(minutes(15));
    ask();
    CHECK(http.seen.size() == 2);
    publish(answered(503, "", {{"Retry-After", "99999999999"}}));
    time.advance(hours(3));
    CHECK(ask().ask_again <= time.now() + hours(27)); // but for a day at most
}

TEST_CASE_METHOD(
    crl_bench,
    "A good list is used until its end while newer ones fail, and that is said at the third time") {
    publish(revoking(3));
    CHECK(ask("1002").verdict == crl_verdict::good);
    publish(answered(503));
    std::size_t told_at = 0;
    while (time.now() < november(29)) {
        CHECK(ask("1002").verdict == crl_verdict::good);
        CHECK(ask("1001").verdict == crl_verdict::revoked);
        if (events.count("crl.unusable") > 0 && told_at == 0) {
            told_at = http.seen.size();
        }
        time.advance(minutes(30));
    }
    CHECK(told_at == 4);
    // Past its end it vouches for nobody; what it lists stays revoked, for that was signed.
    const auto late = ask("1002");
    CHECK(late.verdict == crl_verdict::unknown);
    CHECK(has(late.trouble, "out of date since 2026-11-29T00:00:00Z"));
    CHECK(has(late.trouble, "status 503"));
    CHECK(ask("1001").verdict == crl_verdict::revoked);
    CHECK(ask("1001").reason == 3);
    CHECK(events.count("crl.unusable") == 1);
}

TEST_CASE_METHOD(crl_bench, "A single failure while a good list is at hand is not worth a warning") {
    publish(crl_plan{});
    ask();
    publish(fail(errc::network, "cannot connect"));
    time.advance(hours(14));
    CHECK(ask().verdict == crl_verdict::good);
    publish(crl_plan{});
    time.advance(minutes(12));
    CHECK(ask().verdict == crl_verdict::good);
    CHECK(http.seen.size() == 3);
    CHECK(events.count("crl.unusable") == 0);
}

TEST_CASE_METHOD(crl_bench, "A list that is out of date vouches for nobody, but what it lists was signed") {
    auto stale = revoking();
    stale.next_update = november(20, 23);
    publish(stale, {{"ETag", "\"old\""}});
    CHECK(ask("1001").verdict == crl_verdict::revoked);
    const auto answer = ask("1002");
    CHECK(answer.verdict == crl_verdict::unknown);
    CHECK(has(answer.trouble, "out of date since 2026-11-20T23:00:00Z"));
    CHECK(events.count("crl.unusable") == 1);
    time.advance(minutes(12));
    ask();
    REQUIRE(http.seen.size() == 2);
    CHECK(http.seen[1].second.headers.empty()); // a cache may vouch for what it should have dropped
}

TEST_CASE_METHOD(crl_bench, "A list that was not changed for so long that it ran out is of no use") {
    publish(crl_plan{}, {{"ETag", "\"v1\""}});
    CHECK(ask().verdict == crl_verdict::good);
    publish(answered(304));
    while (time.now() < november(29)) {
        CHECK(ask().verdict == crl_verdict::good);
        time.advance(hours(6));
    }
    CHECK(ask().verdict == crl_verdict::unknown);
    CHECK(has(events.last("crl.unusable")->message, "out of date"));
    time.advance(minutes(12));
    ask();
    CHECK(http.seen.back().second.headers.empty());
}

TEST_CASE_METHOD(crl_bench, "A list from the future, or without an end, vouches for nobody") {
    auto plan = revoking();
    plan.this_update = november(21, 2);
    publish(plan);
    CHECK(has(ask("1002").trouble, "check the clock of this host"));
    CHECK(ask("1001").verdict == crl_verdict::revoked);

    start();
    plan.this_update = november(21) + minutes(50); // clocks differ a little
    publish(plan);
    CHECK(ask("1002").verdict == crl_verdict::good);

    start();
    plan.this_update = november(20);
    plan.next_update.reset();
    publish(plan);
    CHECK(has(ask("1002").trouble, "nextUpdate"));
    CHECK(ask("1001").verdict == crl_verdict::revoked);
}

TEST_CASE_METHOD(crl_bench, "An older list, from a cache or an attacker, does not undo a newer one") {
    auto newer = revoking();
    newer.this_update = november(20, 12);
    publish(newer);
    CHECK(ask().verdict == crl_verdict::revoked);
    publish(crl_plan{});
    time.advance(hours(14));
    CHECK(ask().verdict == crl_verdict::revoked);
    CHECK(http.seen.size() == 2);
    CHECK(events.count("crl.unusable") == 0);
    // A newer one without it does: a hold was lifted.
    crl_plan newest;
    newest.this_update = november(21);
    publish(newest);
    time.advance(hours(14));
    CHECK(ask().verdict == crl_verdict::good);
}

TEST_CASE_METHOD(crl_bench, "A URL that cannot be asked is a trouble like any other, and shown harmless") {
    publish(fail(errc::invalid_argument, "the URL has no valid host and port"));
    const auto answer = ask({"1001", "http://\x1b[2J/"}, issuer);
    CHECK(answer.verdict == crl_verdict::unknown);
    CHECK_FALSE(has(events.last("crl.unusable")->message, "\x1b"));
}

TEST_CASE_METHOD(crl_bench, "A clock that jumps neither stops fetching nor hurries it") {
    publish(crl_plan{});
    ask();
    time.jump_wall(-hours(24 * 365));
    CHECK(ask().verdict == crl_verdict::unknown); // the list is from the future now
    time.advance(hours(14));
    ask();
    CHECK(http.seen.size() == 2);
    time.jump_wall(hours(24 * 365));
    CHECK(ask().verdict == crl_verdict::good);
    CHECK(http.seen.size() == 2);
}
