// Ten troubles of the field: each explanation names the cause and a mend that can be followed.
#include "core/lifecycle/problem_class.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/deploy/steps.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/daemon/deploy/scripted.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;
using acme::failure;
using acme::step;
using lifecycle::cause;
using lifecycle::certificate_status;
using lifecycle::classify;
using lifecycle::history_line;
using lifecycle::state;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

/// As core/acme makes them: what a CA said about one name, or about an order.
failure about_name(std::string type, std::string detail) {
    failure what(step::challenge, error(errc::refused, "the CA could not validate shop.example: " + type));
    acme::problem said;
    said.type = std::move(type);
    said.detail = std::move(detail);
    what.said = std::move(said);
    what.cause.foreign = acme::foreign_text(*what.said);
    what.name = identifier{identifier::kind::dns, "shop.example"};
    return what;
}
failure refused(step where, int status, std::string type, std::string detail) {
    failure what = about_name(std::move(type), std::move(detail));
    what.where = where;
    what.http_status = status;
    what.name.reset();
    return what;
}

certificate_status first_try() {
    certificate_status s = sample_status("shop.example");
    s.names = {"shop.example"};
    s.where = state::failing;
    s.live.reset();
    s.last_success.reset();
    s.deployed = false;
    s.next_run = now + std::chrono::minutes(9);
    s.next_cause = cause::retry;
    s.next_reason = "retry at letsencrypt after 2 failures: there is no certificate yet";
    return s;
}

certificate_status failed(const failure& what, const std::string& issuer = "letsencrypt") {
    certificate_status s = first_try();
    const lifecycle::verdict judged = classify(what);
    s.failures = 2;
    s.problem = explain(what, judged);
    s.problem_class = to_string(judged.kind);
    s.last_failure = now - std::chrono::minutes(1);
    lifecycle::issuer_state at;
    at.name = issuer;
    at.failures = 2;
    at.problem_class = s.problem_class;
    at.problem = s.problem;
    at.last_failure = s.last_failure;
    at.not_before = s.next_run;
    s.at.push_back(std::move(at));
    return s;
}

certificate_status not_deployed(std::string problem) {
    certificate_status s = sample_status("shop.example");
    s.where = state::failing;
    s.deploy = {"app"};
    s.deployed = false;
    s.deploy_failures = 3;
    s.deploy_problem = std::move(problem);
    s.next_run = now + std::chrono::minutes(100);
    s.next_cause = cause::deployment;
    s.next_reason = "retry of the deployment after 3 failures";
    return s;
}

struct expected {
    std::string name;
    certificate_status status;
    std::vector<std::string> cause; ///< found in what happened
    std::vector<std::string> mend;  ///< found in what to do
    std::vector<std::string> links{};
};

std::string hook_failure() {
    asio::io_context loop;
    fake_time time(loop);
    scripted_runner runner(time);
    process_outcome outcome;
    outcome.exit_code = 1;
    outcome.output = "systemctl: app.service not loaded\n";
    runner.scripts["/usr/local/bin/on-renew"] = [outcome] { return result<process_outcome>(outcome); };
    deployment how;
    how.name = "app";
    how.command = {"/usr/local/bin/on-renew", "--quick"};
    std::string text;
    asio::co_spawn(loop, run_reload(runner, how, {}),
                   [&](const std::exception_ptr&, const result<void>& done) { text = done.error().text(); });
    time.run_ready();
    return text;
}

std::vector<expected> ten_troubles() {
    std::vector<expected> all;
    all.push_back(
        {"name does not resolve",
         failed(about_name("dns", "DNS problem: NXDOMAIN looking up A for shop.example - check that a "
                                  "DNS record exists for this domain")),
         {"could not look shop.example up in the DNS", "NXDOMAIN"},
         {"A or AAAA record", "'dig shop.example AAAA'"}});
    all.push_back(
        {"port 80 unreachable",
         failed(about_name("connection", "192.0.2.7: Fetching http://shop.example/.well-known/acme-"
                                         "challenge/x: Timeout during connect (likely firewall problem)")),
         {"could not connect to shop.example", "192.0.2.7", "firewall"},
         {"port 80", "firewalls", "'curl -v http://shop.example/.well-known/acme-challenge/test'"}});
    all.push_back({"CAA forbids",
                   failed(about_name("caa", "CAA record for shop.example prevents issuance")),
                   {"CAA record forbids this CA", "shop.example"},
                   {"'dig shop.example CAA'", "letsencrypt.org"}});
    failure limited =
        refused(step::new_order, 429, "rateLimited",
                "too many certificates (5) already issued for this exact set of identifiers in the last "
                "168h0m0s, retry "
                "after 2026-11-22 10:00:00 UTC: see "
                "https://ca.example/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers");
    limited.retry_after = std::chrono::hours(34);
    certificate_status waits = failed(limited);
    waits.next_run = waits.at[0].not_before = now + std::chrono::hours(34);
    all.push_back({"rate limited",
                   waits,
                   {"rate limits is reached", "exact set of identifiers", "wait for 1d 10h"},
                   {"wait: it is tried again by itself"},
                   {"https://ca.example/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"}});
    all.push_back({"paused",
                   failed(refused(step::new_order, 429, "rateLimited",
                                  "Your account is temporarily prevented from requesting certificates for "
                                  "shop.example and possibly others. Please visit: "
                                  "https://portal.ca.example/sfe/v1/unpause?jwt=eyJh.eyJ2.c2ln")),
                   {"the CA has paused this account", "shop.example and possibly others"},
                   {"open the CA's address", "'evercert renew shop.example --now'"},
                   {"https://portal.ca.example/sfe/v1/unpause?jwt=eyJh.eyJ2.c2ln"}});
    all.push_back(
        {"EAB missing",
         failed(failure(step::account, error(errc::invalid_argument,
                                             "issuer zerossl wants an external account: set eab with the "
                                             "key id and the HMAC key that the CA hands out")),
                "zerossl"),
         {"opening the account", "zerossl wants an external account"},
         {"key id and an HMAC key", "'eab: { key_id: ..., hmac_key_file: ... }'", "'evercert reload'"}});
    failure profile(step::new_order,
                    error(errc::invalid_argument, "issuer letsencrypt does not offer the profile "
                                                  "'tlsclient'; it offers 'classic', 'tlsserver'"));
    profile.profile_missing = true;
    all.push_back({"profile withdrawn",
                   failed(profile),
                   {"does not offer the profile 'tlsclient'", "it offers 'classic', 'tlsserver'"},
                   {"set 'profile' to one that the CA offers", "'evercert reload'"}});
    all.push_back({"hook fails",
                   not_deployed(hook_failure()),
                   {"the hook `/usr/local/bin/on-renew --quick` exited with 1", "app.service not loaded"},
                   {"run the hook by hand", "'evercert deploy shop.example'", "nothing is ordered again"}});
    all.push_back(
        {"disk full",
         failed(failure(step::certificate,
                        system_error(ENOSPC, "cannot write /var/lib/evercert/certificates/shop.example")
                            .within("the certificate could not be stored"))),
         {"could not be stored", "No space left on device", "/var/lib/evercert"},
         {"free some space", "'df -h'", "'df -i'"}});
    all.push_back(
        {"wrong content served",
         failed(about_name("unauthorized", "192.0.2.7: Invalid response from http://shop.example/.well-"
                                           "known/acme-challenge/x: \"<html>404\"")),
         {"another answer from shop.example than evercertd gives", "<html>404"},
         {"must reach evercertd", "hold port 80", "pass this path on"}});
    return all;
}

} // namespace

TEST_CASE("Each of ten troubles is told with its cause and a mend") {
    for (const expected& one : ten_troubles()) {
        CAPTURE(one.name);
        const explanation told = explain(one.status, {}, now);
        CHECK(told.state.find("shop.example is failing") == 0);
        REQUIRE(told.troubles.size() == 1);
        const explained_trouble& trouble = told.troubles.front();
        CAPTURE(trouble.happened, trouble.mend);
        for (const std::string& phrase : one.cause) {
            CAPTURE(phrase);
            CHECK(trouble.happened.find(phrase) != std::string::npos);
        }
        for (const std::string& phrase : one.mend) {
            CAPTURE(phrase);
            CHECK(trouble.mend.find(phrase) != std::string::npos);
        }
        CHECK(trouble.links == one.links);
        CHECK(trouble.mend.find("NAME") == std::string::npos);
        CHECK_FALSE(told.next.empty());
        // People see all of it.
        const std::string text = explanation_view(told, now, 0);
        CHECK(text.find("what happened   " + trouble.happened + "\n") != std::string::npos);
        CHECK(text.find("what to do      " + trouble.mend + "\n") != std::string::npos);
        for (const std::string& link : one.links) {
            CHECK(text.find("see             " + link + "\n") != std::string::npos);
        }
    }
}

TEST_CASE("A full disk while going live, and a server that complains, have their mends too") {
    const auto mend_of = [](std::string problem) {
        return explain(not_deployed(std::move(problem)), {}, now).troubles.at(0).mend;
    };
    CHECK(mend_of("the new version could not be made live: cannot write live: No space left on device")
              .find("'df -h'") != std::string::npos);
    const std::string mend =
        mend_of("deployment nginx: after the reload 127.0.0.1:443 still serves the old certificate");
    CHECK(mend.find("/var/lib/evercert/live/shop.example") != std::string::npos);
    CHECK(mend.find("'evercert deploy shop.example'") != std::string::npos);
    CHECK(mend.find("'openssl s_client -connect 127.0.0.1:443") == std::string::npos); // it names no name
    const std::string foreign = mend_of(
        "deployment nginx: after the reload [::1]:443 for www.shop.example serves a certificate that is "
        "not this one nor one before it. Point the server at the files in the live directory");
    CHECK(foreign.find("for www.shop.example from /var/lib/evercert/live/shop.example") != std::string::npos);
    CHECK(foreign.find("'openssl s_client -connect [::1]:443 -servername www.shop.example'") !=
          std::string::npos);
}

TEST_CASE("A CRL that is of no use is told, though the certificate is well") {
    certificate_status one = first_try();
    one.crl_problem = "the revocation list http://ca/1.crl is of no use: the CRL is out of date";
    const explained_trouble told = explain(one, {}, now).troubles.at(0);
    CHECK(told.happened == one.crl_problem);
    CHECK(told.mend.find("may go unnoticed") != std::string::npos);
}

TEST_CASE("An explanation for people") {
    const std::vector<history_line> history{{now - std::chrono::minutes(2),
                                             "shop.example",
                                             "cert.ordering",
                                             severity::info,
                                             "ordering from letsencrypt",
                                             {}},
                                            {now - std::chrono::minutes(1),
                                             "shop.example",
                                             "cert.order_failed",
                                             severity::error,
                                             "no\x1b[2J",
                                             {}}};
    certificate_status one = failed(about_name("caa", "CAA record for shop.example prevents issuance"));
    const std::string text = explanation_view(explain(one, history, now), now, 0);
    CHECK(text == "state           shop.example is failing: the last 2 tries to get a certificate failed; it "
                  "has no certificate "
                  "yet.\n"
                  "\n"
                  "trouble         ordering at letsencrypt: 2 failures in a row, the last 1m ago\n"
                  "what happened   a CAA record forbids this CA to issue for shop.example; the CA says caa "
                  "\"CAA record for "
                  "shop.example prevents issuance\"\n"
                  "what to do      allow this CA in the CAA records of shop.example, or of the domain above "
                  "it that has them: an "
                  "'issue' record with the CA's own domain as its value (for Let's Encrypt: 0 issue "
                  "letsencrypt.org); 'dig "
                  "shop.example CAA' shows them; or put another CA under 'issuers'; it is tried again once a "
                  "day, and at "
                  "once with 'evercert renew shop.example --now'\n"
                  "not before      2026-11-21T00:09:00Z (in 9m)\n"
                  "\n"
                  "next            2026-11-21T00:09:00Z (in 9m): ordering is tried again (retry at "
                  "letsencrypt after 2 failures: "
                  "there is no certificate yet)\n"
                  "\n"
                  "recently        2026-11-20T23:58:00Z cert.ordering: ordering from letsencrypt\n"
                  "                2026-11-20T23:59:00Z cert.order_failed: no\\x1b[2J\n");
    const std::string narrow = explanation_view(explain(one, history, now), now, 80);
    for (std::size_t from = 0; from < narrow.size();) {
        const std::size_t end = narrow.find('\n', from);
        CHECK(end - from <= 80);
        from = end + 1;
    }
}

TEST_CASE("A certificate that is well is said to be, with what comes next") {
    certificate_status good = sample_status("example");
    explanation told = explain(good, {}, now);
    CHECK(told.state == "example has a good certificate until 2027-01-19T00:00:00Z (in 59d).");
    CHECK(told.troubles.empty());
    CHECK(told.next == "2026-12-20T00:00:00Z (in 29d): it is renewed (renewal at 2/3 of its lifetime)");

    good.window =
        lifecycle::renewal_window_state{now, now + std::chrono::hours(1), now, "https://ca.example/why"};
    good.next_cause = cause::renewal_info;
    good.next_run = now;
    good.next_reason = "renewal in the CA's window";
    good.revoking = true;
    told = explain(good, {}, now);
    CHECK(told.next == "now: it is renewed (renewal in the CA's window)");
    CHECK(told.links == std::vector<std::string>{"https://ca.example/why"});
    CHECK(told.state.find("revocation was asked for") != std::string::npos);
    good.window->explanation_url = "http://ca.example/\x1b";
    CHECK(explain(good, {}, now).links.empty());
}

TEST_CASE("Every state has its sentence") {
    certificate_status one = sample_status("example");
    const auto sentence = [&](state where) {
        one.where = where;
        return explain(one, {}, now).state;
    };
    CHECK(sentence(state::starting).find("not been looked at") != std::string::npos);
    CHECK(sentence(state::queued).find("waits for a free place") != std::string::npos);
    CHECK(sentence(state::ordering).find("being ordered from letsencrypt") != std::string::npos);
    CHECK(sentence(state::deploying).find("being deployed now") != std::string::npos);
    CHECK(explain(one, {}, now).next.find("under way") != std::string::npos);
    one.deploy_failures = 1;
    CHECK(sentence(state::failing).find("could not be deployed; the live certificate is good until") !=
          std::string::npos);
    one.live->not_after = now - std::chrono::hours(2);
    CHECK(sentence(state::waiting) == "example is waiting: the certificate in use expired at "
                                      "2026-11-20T22:00:00Z (2h ago).");
    one.live->revoked = true;
    CHECK(sentence(state::failing).find("has been revoked") != std::string::npos);
    one.next_run.reset();
    CHECK(explain(one, {}, now).next == "nothing is planned");
}

TEST_CASE("Several issuers: each trouble is told, the latest first, and a hold once") {
    certificate_status one = failed(about_name("dns", "no"));
    lifecycle::issuer_state second = one.at[0];
    second.name = "zerossl";
    second.last_failure = now;
    second.problem = explain(about_name("caa", "no"), classify(about_name("caa", "no")));
    second.held_because = second.problem; // the same failure has paused the issuer
    one.at.push_back(second);
    lifecycle::issuer_state third;
    third.name = "corp";
    third.held_because = "50 certificates per 7d for shop.example";
    third.not_before = now + std::chrono::hours(5);
    one.at.push_back(third);
    const explanation told = explain(one, {}, now);
    REQUIRE(told.troubles.size() == 3);
    CHECK(told.troubles[0].subject == "ordering at zerossl");
    CHECK(told.troubles[1].subject == "ordering at letsencrypt");
    CHECK(told.troubles[2].subject == "held back by corp");
    CHECK(told.troubles[2].happened == third.held_because);
    CHECK(told.troubles[2].mend.find("goes on by itself") != std::string::npos);
    CHECK(told.troubles[2].until == third.not_before);
}

TEST_CASE("The record tells when a deployment failed last, and its last lines") {
    std::vector<history_line> history;
    for (int i = 0; i < 9; ++i) {
        history.push_back({now - std::chrono::minutes(10 - i),
                           "shop.example",
                           i == 6 ? "cert.deploy_failed" : "cert.ordering",
                           severity::info,
                           std::to_string(i),
                           {}});
    }
    const explanation told = explain(not_deployed("deployment app: `x` exited with 1"), history, now);
    CHECK(told.next.find("deploying is tried again") != std::string::npos);
    CHECK(told.troubles.at(0).last_failure == now - std::chrono::minutes(4));
    REQUIRE(told.recent.size() == 8);
    CHECK(told.recent.back().message == "8");
}

TEST_CASE("Files that cannot be read are not called a missing certificate") {
    certificate_status one = first_try();
    one.problem = "cannot read /var/lib/evercert/jobs/shop.example.json: Input/output error";
    one.next_cause = cause::none;
    one.next_reason.clear();
    const explanation told = explain(one, {}, now);
    CHECK(told.state ==
          "shop.example is failing: its files cannot be read; nothing is done before they can be.");
    REQUIRE(told.troubles.size() == 1);
    CHECK(told.troubles[0].happened.find("Input/output error") != std::string::npos);
    CHECK(told.troubles[0].mend.find("data_dir") != std::string::npos);
    CHECK(told.next == "2026-11-21T00:09:00Z (in 9m): the next look");
}

TEST_CASE("A problem without a mend of its own still says what comes of it") {
    certificate_status one = first_try();
    one.failures = 1;
    one.problem = "unexpected failure inside evercert";
    one.problem_class = "later";
    CHECK(explain(one, {}, now).troubles.at(0).mend.find("'evercert renew shop.example --now'") !=
          std::string::npos);
    one.problem_class = "daily";
    CHECK(explain(one, {}, now).troubles.at(0).mend.find("once a day") != std::string::npos);
}
