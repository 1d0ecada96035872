#include "daemon/control/protocol.hpp"
#include "daemon/control/reasons.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

TEST_CASE("A certificate survives the way through JSON") {
    auto before = sample_status("example");
    before.where = lifecycle::state::failing;
    before.failures = 3;
    before.problem_class = "daily";
    before.problem = "the CA said \"no\"";
    before.last_failure = before.live->not_before;
    before.deployed = false;
    before.deploy_failures = 2;
    before.deploy_problem = "nginx";
    before.order_url = "https://ca/order/1";
    before.live->revoked = true;
    const std::string text = certificate_to_json(before);
    const auto after = certificate_from_json(text);
    REQUIRE(after);
    CHECK(certificate_to_json(*after) == text);
    CHECK(after->where == before.where);
    CHECK(after->live->issuer == before.live->issuer);
    CHECK(after->live->not_after == before.live->not_after);
    CHECK(after->live->revoked);
    CHECK(after->next_run == before.next_run);
    CHECK(after->deploy_problem == "nginx");

    before.live.reset();
    before.next_run.reset();
    const auto bare = certificate_from_json(certificate_to_json(before));
    REQUIRE(bare);
    CHECK_FALSE(bare->live.has_value());
    CHECK_FALSE(bare->next_run.has_value());
}

TEST_CASE("Every state has a word that is understood") {
    using lifecycle::state;
    for (const state s : {state::starting, state::waiting, state::queued, state::ordering, state::deploying,
                          state::failing}) {
        auto one = sample_status("example");
        one.where = s;
        const auto after = certificate_from_json(certificate_to_json(one));
        REQUIRE(after);
        CHECK(after->where == s);
    }
}

TEST_CASE("What is not the protocol is an error, not a guess") {
    const std::string good = certificate_to_json(sample_status("example"));
    auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        return certificate_from_json(text.replace(at, from.size(), to));
    };
    CHECK(certificate_from_json(good));
    CHECK_FALSE(certificate_from_json(""));
    CHECK_FALSE(certificate_from_json("{}"));
    CHECK_FALSE(list_from_json(good));
    CHECK_FALSE(changed("\"failures\":0", "\"failures\":-1"));
    CHECK_FALSE(changed("\"waiting\"", "\"dancing\""));
    CHECK_FALSE(changed("\"version\":7", "\"version\":\"7\""));
    CHECK_FALSE(changed("2027-01-19T00:00:00Z", "tomorrow"));
    CHECK_FALSE(changed("\"name\"", "\"nome\""));
    const auto newer = changed("\"schema\":1", "\"schema\":2");
    REQUIRE_FALSE(newer);
    CHECK(newer.error().code == errc::unsupported);
}

TEST_CASE("Revocation reasons are taken by name and by number") {
    CHECK(parse_reason("keyCompromise") == 1);
    CHECK(parse_reason("KEYCOMPROMISE") == 1);
    CHECK(parse_reason("1") == 1);
    CHECK(parse_reason("unspecified") == 0);
    CHECK(parse_reason("affiliationChanged") == 3);
    CHECK(parse_reason("superseded") == 4);
    CHECK(parse_reason("cessationOfOperation") == 5);
    CHECK(parse_reason("9") == 9);
    for (const char* bad : {"", "2", "6", "01", "cACompromise", "certificateHold", "key compromise"}) {
        CAPTURE(bad);
        const auto reason = parse_reason(bad);
        REQUIRE_FALSE(reason);
        CHECK(reason.error().message.find("keyCompromise (1)") != std::string::npos);
    }
}
