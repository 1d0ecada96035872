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
    certificate_output output;
    output.directory = "/etc/ssl/example";
    output.formats = {output_format::pkcs12, output_format::cert};
    output.group = "ssl-cert";
    output.mode = 0640;
    before.outputs = {output, output};
    before.outputs[1].mode.reset();
    before.order_url = "https://ca/order/1";
    before.live->revoked = true;
    before.issuers = {"letsencrypt", "zerossl"};
    before.keys = {"ecdsa-p256", "rsa-2048"};
    before.profile = "tlsserver";
    before.reuse_key = true;
    before.revoking = true;
    before.crl_problem = "the revocation list http://ca/1.crl is of no use: it is out of date";
    before.record_problem = "the standing record of a.example for ca is missing";
    before.next_cause = lifecycle::cause::hold;
    before.other_keys = {*before.live};
    before.other_keys[0].key = key_type::rsa_2048;
    before.other_keys[0].serial = "0c";
    lifecycle::issuer_state at;
    at.name = "zerossl";
    at.failures = 4;
    at.problem = "no";
    at.not_before = before.live->not_after;
    at.held_because = "paused";
    before.at = {at};
    before.window = lifecycle::renewal_window_state{before.live->not_before, before.live->not_after,
                                                    before.live->not_after, "https://ca/why"};
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
    CHECK(after->outputs == before.outputs);
    CHECK(after->keys == before.keys);
    CHECK(after->issuers == before.issuers);
    CHECK(after->next_cause == lifecycle::cause::hold);
    REQUIRE(after->other_keys.size() == 1);
    CHECK(after->other_keys[0].key == key_type::rsa_2048);
    REQUIRE(after->at.size() == 1);
    CHECK(after->at[0].not_before == at.not_before);
    CHECK(after->at[0].held_because == "paused");
    REQUIRE(after->window);
    CHECK(after->window->explanation_url == "https://ca/why");
    CHECK(after->revoking);
    CHECK(after->reuse_key);

    before.live.reset();
    before.next_run.reset();
    const auto bare = certificate_from_json(certificate_to_json(before));
    REQUIRE(bare);
    CHECK_FALSE(bare->live.has_value());
    CHECK_FALSE(bare->next_run.has_value());
}

TEST_CASE("A plan, a record, an explanation and an account survive the way through JSON") {
    const wall_time now = sample_status("example").live->not_before;
    std::vector<lifecycle::planned_step> plan(2);
    plan[0] = {"example", now,  lifecycle::state::failing, lifecycle::cause::retry,
               "why",     "ca", now + seconds(1)};
    plan[1].when = now;
    const auto steps = plan_from_json(plan_to_json(plan));
    REQUIRE(steps);
    CHECK(plan_to_json(*steps) == plan_to_json(plan));
    CHECK((*steps)[1].expires == wall_time{});
    CHECK((*steps)[0].why == lifecycle::cause::retry);

    const std::vector<lifecycle::history_line> lines{
        {now, "example", "cert.issued", severity::info, "a\n\x1b", {{"serial", "0a"}, {"foreign", "\"\\"}}},
        {now, "", "issuer.paused", severity::error, "", {}}};
    const auto back = history_from_json(history_to_json(lines));
    REQUIRE(back);
    CHECK(*back == lines);

    explanation told;
    told.name = "example";
    told.state = "It is well.";
    told.troubles = {{"ordering at ca", 2, now, now + seconds(9), "it failed", "mend it", {"https://ca/1"}},
                     {}};
    told.next = "now";
    told.links = {"https://ca/why"};
    told.recent = lines;
    const auto understood = explanation_from_json(explanation_to_json(told));
    REQUIRE(understood);
    CHECK(explanation_to_json(*understood) == explanation_to_json(told));
    CHECK(understood->troubles[0].until == told.troubles[0].until);
    CHECK_FALSE(understood->troubles[1].last_failure);

    auto account = sample_account("ca");
    account.at_the_ca = "valid\x1b";
    account.deactivated = true;
    account.configured = false;
    account.trouble = "no way";
    const auto same = account_from_json(account_to_json(account));
    REQUIRE(same);
    CHECK(account_to_json(*same) == account_to_json(account));
    REQUIRE(same->limits.size() == 2);
    CHECK(same->limits[0].left == 298);
    CHECK(same->limits[1].subject == "example.com");
    CHECK(accounts_from_json(accounts_to_json({account, account}))->size() == 2);
}

TEST_CASE("Every cause has a word that is understood") {
    using lifecycle::cause;
    for (const cause why :
         {cause::none, cause::first, cause::configured, cause::asked, cause::revoked, cause::expired,
          cause::renewal_info, cause::lifetime, cause::retry, cause::hold, cause::deployment}) {
        auto one = sample_status("example");
        one.next_cause = why;
        const auto after = certificate_from_json(certificate_to_json(one));
        REQUIRE(after);
        CHECK(after->next_cause == why);
    }
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
    CHECK_FALSE(page_from_json(good));
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
    for (const char* bad : {"", "7", "01", "11", "-1", "key compromise"}) {
        CAPTURE(bad);
        const auto reason = parse_reason(bad);
        REQUIRE_FALSE(reason);
        CHECK(reason.error().message.find("is not a revocation reason") != std::string::npos);
        CHECK(reason.error().message.find("keyCompromise (1)") != std::string::npos);
    }
}

TEST_CASE("Revocation reasons that are not for owners are refused with a sentence why") {
    for (const char* bad : {"cACompromise", "CACOMPROMISE", "2", "aACompromise", "10"}) {
        CAPTURE(bad);
        const auto reason = parse_reason(bad);
        REQUIRE_FALSE(reason);
        CHECK(reason.error().message.find("is what a CA says") != std::string::npos);
        CHECK(reason.error().message.find("privilegeWithdrawn (9)") != std::string::npos);
        CHECK(reason.error().message.find("cACompromise (2)") == std::string::npos);
    }
    for (const char* bad : {"certificateHold", "6", "removeFromCRL", "8"}) {
        CAPTURE(bad);
        const auto reason = parse_reason(bad);
        REQUIRE_FALSE(reason);
        CHECK(reason.error().message.find("a revocation is for good") != std::string::npos);
    }
}
