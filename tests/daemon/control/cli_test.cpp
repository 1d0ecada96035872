#include "daemon/control/cli.hpp"
#include "daemon/control/protocol.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/daemon/control/terminal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdlib>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

/// What GET /v1/status answers.
std::string sample_daemon() {
    daemon_status told;
    told.version = "1.2.3";
    told.pid = 42;
    told.started = wall_time{};
    told.listeners = {"[::]:80", "/run/evercert/control.sock"};
    told.confined = {.runs_as = "evercert",
                     .capabilities = "none",
                     .no_new_privileges = true,
                     .layers = {"system calls: filtered by evercertd"},
                     .gaps = {"files: the kernel has no Landlock"}};
    return status_to_json(told, wall_time{std::chrono::hours(1)}, {});
}

} // namespace

TEST_CASE("status prints a table and what confines the daemon, or its JSON") {
    terminal b;
    b.answer(200, page_to_json({{sample_status("example")}}));
    b.answer(200, sample_daemon());
    CHECK(b.run(command("status")) == 0);
    CHECK(b.out.starts_with("NAME     STATE    ISSUER"));
    CHECK(b.out.find("1.2.3, pid 42, started") != std::string::npos);
    CHECK(b.out.find("[::]:80, /run/evercert/control.sock") != std::string::npos);
    CHECK(b.out.find("evercert; capabilities: none; no new privileges") != std::string::npos);
    CHECK(b.out.find("system calls: filtered by evercertd") != std::string::npos);
    CHECK(b.out.find("files: the kernel has no Landlock") != std::string::npos);
    CHECK(b.sockets.front() == "/run/evercert/control.sock");

    b.out.clear();
    b.answer(200, page_to_json({}));
    b.answer(200, sample_daemon());
    auto options = command("status");
    options.json = true;
    CHECK(b.run(options) == 0);
    CHECK(b.out == "{\"schema\":1,\"certificates\":[],\"more\":false,\"daemon\":" + sample_daemon() + "}\n");
}

TEST_CASE("status says who runs deployments") {
    daemon_status told;
    for (const std::string socket : {"", "/run/evercert-deploy.sock"}) {
        terminal b;
        told.deploy_socket = socket;
        b.answer(200, page_to_json({}));
        b.answer(200, status_to_json(told, {}, {}));
        CHECK(b.run(command("status")) == 0);
        CHECK(b.out.find(socket.empty() ? " in this process\n" : " through /run/evercert-deploy.sock\n") !=
              std::string::npos);
        CHECK(b.asked.back() == "GET /v1/status");
    }
}

TEST_CASE("status of many is asked for page by page") {
    terminal b;
    b.answer(200, page_to_json({{sample_status("a"), sample_status("b")}, true}));
    b.answer(200, page_to_json({{sample_status("c")}}));
    b.answer(200, sample_daemon());
    auto options = command("status");
    options.json = true;
    CHECK(b.run(options) == 0);
    CHECK(b.asked ==
          std::vector<std::string>{"GET /v1/certificates", "GET /v1/certificates?after=b", "GET /v1/status"});
    const auto shown = page_from_json(b.out);
    REQUIRE(shown);
    CHECK(shown->certificates.size() == 3);
    CHECK(!shown->more);

    // A daemon that says so without telling any is not asked for ever.
    b.answer(200, page_to_json({{}, true}));
    b.answer(200, sample_daemon());
    CHECK(b.run(options) == 0);
}

TEST_CASE("No daemon is exit code 3 and says where it was looked for") {
    terminal b;
    auto options = command("status");
    options.socket = "/tmp/elsewhere.sock";
    CHECK(b.run(options) == 3);
    CHECK(b.err.find("/tmp/elsewhere.sock") != std::string::npos);
    CHECK(b.out.empty());

    b.answers.emplace_back(fail(errc::timed_out, "no answer within 30s"));
    CHECK(b.run(command("status")) == 1);
}

TEST_CASE("What the daemon refuses is exit code 1 with its message") {
    terminal b;
    b.answer(404, error_to_json(error(errc::not_found, "no certificate is called \"x\"\x1b")));
    CHECK(b.run(command("show", "x")) == 1);
    CHECK(b.err == "evercert: no certificate is called \"x\"\\x1b\n");
    b.answer(500, "<html>");
    CHECK(b.run(command("show", "x")) == 1);
    b.answer(200, "{\"schema\":1}");
    CHECK(b.run(command("show", "x")) == 1);
}

TEST_CASE("Wrong use is exit code 2 and asks nothing of the daemon") {
    terminal b;
    CHECK(b.run(command("show", "../x")) == 2);
    CHECK(b.run(command("renew", "*.example.com")) == 2);
    CHECK(b.err.find("wildcard.") != std::string::npos);
    auto options = command("revoke", "example");
    options.reason = "cACompromise";
    CHECK(b.run(options) == 2);
    CHECK(b.err.find("privilegeWithdrawn (9)") != std::string::npos);
    CHECK(b.asked.empty());
}

TEST_CASE("renew waits, shows each step once and tells the new serial") {
    terminal b;
    const auto before = sample_status("example");
    auto ordering = before;
    ordering.where = lifecycle::state::ordering;
    auto after = before;
    after.live->fingerprint = "f2";
    after.live->serial = "0c0d";
    b.answer(before);
    b.answer(202, certificate_to_json(before));
    b.answer(ordering);
    b.answer(ordering);
    b.answer(after);
    auto options = command("renew", "example");
    options.now = true;
    CHECK(b.run(options) == 0);
    CHECK(b.asked[1] == "POST /v1/certificates/example/renew {\"now\":true}");
    CHECK(b.out ==
          "example: ordering\nexample: renewed, serial 0c0d, expires 2027-01-19T00:00:00Z (in 59d)\n");
    CHECK(b.paused == milliseconds(400));
}

TEST_CASE("renew that fails tells the problem and exits 1") {
    terminal b;
    const auto before = sample_status("example");
    auto after = before;
    after.where = lifecycle::state::failing;
    after.failures = 1;
    after.problem = "the CA could not reach example.com";
    after.next_run = b.time.now() + std::chrono::minutes(1);
    b.answer(before);
    b.answer(202, certificate_to_json(before));
    b.answer(after);
    CHECK(b.run(command("renew", "example")) == 1);
    CHECK(
        b.err ==
        "evercert: example: the renewal failed: the CA could not reach example.com; the next try is in 1m\n");
}

TEST_CASE("renew that has to wait is told why, and exits 1") {
    terminal b;
    auto paused = sample_status("example");
    paused.where = lifecycle::state::failing;
    paused.next_reason = "issuer letsencrypt is paused";
    paused.next_run = b.time.now() + std::chrono::minutes(5);
    for (int i = 0; i < 8; ++i) {
        b.answer(paused);
    }
    auto options = command("renew", "example");
    CHECK(b.run(options) == 1);
    CHECK(b.err == "evercert: example: the renewal is not tried now: issuer letsencrypt is paused; the next "
                   "try is in 5m "
                   "(--now does not wait for a pause after failures)\n");
    CHECK(b.paused == milliseconds(800));
}

TEST_CASE("deploy waits; --no-wait does not") {
    terminal b;
    const auto before = sample_status("example");
    auto deploying = before;
    deploying.where = lifecycle::state::deploying;
    b.answer(before);
    b.answer(202, certificate_to_json(deploying));
    b.answer(deploying);
    b.answer(before);
    CHECK(b.run(command("deploy", "example")) == 0);
    CHECK(b.out == "example: deploying\nexample: deployed\n");

    b.out.clear();
    b.answer(before);
    b.answer(202, certificate_to_json(deploying));
    auto options = command("deploy", "example");
    options.wait = false;
    CHECK(b.run(options) == 0);
    CHECK(b.out == "example: deployment asked for\n");
}

TEST_CASE("A daemon that never finishes is not waited for without end") {
    terminal b;
    auto ordering = sample_status("example");
    ordering.where = lifecycle::state::ordering;
    for (int i = 0; i < 4000; ++i) {
        b.answer(ordering);
    }
    CHECK(b.run(command("renew", "example")) == 1);
    CHECK(b.paused == std::chrono::minutes(10));
    CHECK(b.err.find("still ordering") != std::string::npos);
}

TEST_CASE("revoke sends the reason as a number") {
    terminal b;
    b.answer(sample_status("example"));
    auto options = command("revoke", "example");
    options.reason = "superseded";
    CHECK(b.run(options) == 0);
    CHECK(b.asked == std::vector<std::string>{"POST /v1/certificates/example/revoke {\"reason\":4}"});
}

TEST_CASE("revoke tells what is in use now") {
    terminal b;
    auto replaced = sample_status("example");
    replaced.live->serial = "0c0d";
    b.answer(replaced);
    CHECK(b.run(command("revoke", "example")) == 0);
    CHECK(b.out == "example: revoked, the CA has confirmed it; serial 0c0d is in use in its place\n");
    b.out.clear();
    replaced.live->revoked = true;
    b.answer(replaced);
    CHECK(b.run(command("revoke", "example")) == 0);
    CHECK(b.out == "example: revoked, the CA has confirmed it; a replacement is being ordered\n");
}

TEST_CASE("plan, explain and history ask their own paths and print tables, or the daemon's JSON") {
    terminal b;
    explanation told;
    told.name = "example";
    told.state = "All is well.";
    told.next = "nothing is planned";
    b.answer(200, plan_to_json({}));
    b.answer(200, explanation_to_json(told));
    b.answer(200, history_to_json({}));
    b.answer(200, history_to_json({}));
    CHECK(b.run(command("plan")) == 0);
    CHECK(b.run(command("explain", "example")) == 0);
    CHECK(b.run(command("history")) == 0);
    CHECK(b.run(command("history", "example")) == 0);
    CHECK(b.asked == std::vector<std::string>{"GET /v1/plan", "GET /v1/certificates/example/explain",
                                              "GET /v1/history", "GET /v1/history/example"});
    CHECK(b.out == "nothing is planned\n"
                   "state           All is well.\n\nnext            nothing is planned\n"
                   "nothing is recorded\nnothing is recorded\n");

    for (const char* name : {"plan", "explain", "history"}) {
        CAPTURE(name);
        b.out.clear();
        const std::string text = name == std::string("plan")      ? plan_to_json({})
                                 : name == std::string("explain") ? explanation_to_json(told)
                                                                  : history_to_json({});
        b.answer(200, text);
        auto options = command(name, name == std::string("plan") ? "" : "example");
        options.json = true;
        CHECK(b.run(options) == 0);
        CHECK(b.out == text + "\n");
        b.answer(200, "{}");
        CHECK(b.run(options) == 1); // not the protocol
    }
    CHECK(b.run(command("explain", "../x")) == 2);
    CHECK(b.run(command("explain")) == 2);
    CHECK(b.run(command("history", "..")) == 2);
}

TEST_CASE("Accounts are listed, shown and given a new key") {
    terminal b;
    b.answer(200, accounts_to_json({sample_account("ca")}));
    b.answer(200, account_to_json(sample_account("ca")));
    b.answer(200, account_to_json(sample_account("ca")));
    auto options = command("account");
    options.action = "list";
    CHECK(b.run(options) == 0);
    CHECK(b.out.starts_with("ISSUER  STATE"));
    options.name = "ca";
    options.action = "show";
    CHECK(b.run(options) == 0);
    b.out.clear();
    options.action = "rollover";
    CHECK(b.run(options) == 0);
    CHECK(b.out.starts_with("ca: the account has a new key, the CA has confirmed it\nissuer          ca\n"));
    CHECK(b.asked == std::vector<std::string>{"GET /v1/accounts", "GET /v1/accounts/ca",
                                              "POST /v1/accounts/ca/rollover"});

    options.json = true;
    b.out.clear();
    b.answer(502, error_to_json(error(errc::refused, "the CA refused")));
    CHECK(b.run(options) == 1);
    CHECK(b.out == error_to_json(error(errc::refused, "the CA refused")) + "\n");
    CHECK(b.err.find("the CA refused") != std::string::npos);
}

TEST_CASE("An account is deactivated only when that is meant") {
    terminal b;
    auto options = command("account", "ca");
    options.action = "deactivate";
    CHECK(b.run(options) == 2);
    CHECK(b.asked.empty());
    CHECK(b.err.find("for good") != std::string::npos);
    CHECK(b.err.find("`evercert account deactivate ca --yes`") != std::string::npos);

    auto closed = sample_account("ca");
    closed.deactivated = true;
    b.answer(200, account_to_json(closed));
    options.yes = true;
    CHECK(b.run(options) == 0);
    CHECK(b.asked == std::vector<std::string>{"POST /v1/accounts/ca/deactivate"});
    CHECK(b.out.find("deactivated") != std::string::npos);
}

TEST_CASE("Account commands that are no such thing are refused") {
    terminal b;
    for (const char* action : {"", "explode", "List"}) {
        auto options = command("account", "ca");
        options.action = action;
        CHECK(b.run(options) == 2);
    }
    for (const char* name : {"", "..", "a/b", "-x"}) {
        auto options = command("account", name);
        options.action = "show";
        CHECK(b.run(options) == 2);
    }
    CHECK(b.run(command("dance")) == 2);
    CHECK(b.err.find("there is no command \"dance\"") != std::string::npos);
    CHECK(b.asked.empty());
}

TEST_CASE("reload shows what changed, or what is wrong") {
    terminal b;
    b.answer(200, message_to_json("1 added"));
    CHECK(b.run(command("reload")) == 0);
    CHECK(b.out == "1 added\n");
    b.answer(422, error_to_json(error(errc::invalid_argument, "evercert.yaml:3:1: nmaes: unknown key")));
    CHECK(b.run(command("reload")) == 1);
    CHECK(b.err.find("evercert.yaml:3:1") != std::string::npos);
}

TEST_CASE("The socket comes from the configuration that was named") {
    terminal b;
    const temp_folder files;
    const std::string good = files.write(
        "good.yaml", "email: ops@example.com\nagree_to_terms: true\ncontrol: { socket: /tmp/own.sock }\n"
                     "certificates:\n  - { names: [example.com] }\n");
    b.answer(200, page_to_json({}));
    b.answer(200, sample_daemon());
    auto options = command("status");
    options.config = good;
    CHECK(b.run(options) == 0);
    CHECK(b.sockets.back() == "/tmp/own.sock");
    const auto asked = b.sockets.size();

    options.config = "/nonexistent/other.yaml";
    CHECK(b.run(options) == 2);
    CHECK(b.err.find("/nonexistent/other.yaml") != std::string::npos);
    CHECK(b.sockets.size() == asked);
}

TEST_CASE("check reads a file without a daemon") {
    terminal b;
    const temp_folder files;
    const std::string good = files.write(
        "good.yaml",
        "email: ops@example.com\nagree_to_terms: true\ncertificates:\n  - { names: [example.com] }\n");
    CHECK(b.run(command("check", good)) == 0);
    CHECK(b.out == good + ": ok, 1 certificate\n");
    const std::string doubtful =
        files.write("doubtful.yaml", "agree_to_terms: true\ncertificates:\n  - { names: [example.com] }\n");
    b.out.clear();
    CHECK(b.run(command("check", doubtful)) == 0);
    CHECK(b.out.starts_with(doubtful + ": warning: no mail address is given"));

    const std::string bad = files.write(
        "bad.yaml",
        "emial: ops@example.com\nagree_to_terms: true\ncertificates:\n  - { names: [example.com] }\n");
    CHECK(b.run(command("check", bad)) == 2);
    CHECK(b.err.find(bad + ":1:") != std::string::npos);
    b.out.clear();
    auto options = command("check", bad);
    options.json = true;
    CHECK(b.run(options) == 2);
    CHECK(b.out.starts_with("{\"schema\":1,\"ok\":false,\"mistakes\":[{"));
    CHECK(b.asked.empty());
}
