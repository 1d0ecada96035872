#include "daemon/control/routes.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <iterator>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

struct bench {
    bench() {
        engine.all = {sample_status("example"), sample_status("other")};
        engine.all[1].where = lifecycle::state::failing;
        auto reload = [this]() -> result<std::string> {
            ++reloads;
            return reload_outcome;
        };
        auto status = [this] {
            daemon_status s;
            s.version = "1.2.3";
            s.pid = 42;
            s.started = time.now() - std::chrono::hours(1);
            s.listeners = {"[::]:80"};
            return s;
        };
        auto history = [this](std::string name) { return read_history(std::move(name)); };
        auto recent = [this] { return lines; };
        auto dns_records = [this](std::string name) { return look_at_records(std::move(name)); };
        handler = make_control_handler(
            control_parts{engine, time, events, reload, status, history, recent, dns_records, {}, {}, feed});
    }

    net::server_response ask(std::string method, std::string path, std::string body = {},
                             bool with_peer = true) {
        net::server_request request;
        request.method = std::move(method);
        if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
            request.query = path.substr(mark + 1);
            path.resize(mark);
        }
        request.path = std::move(path);
        request.body = std::move(body);
        request.peer = "unix uid=1000 gid=1000 pid=7";
        if (with_peer) {
            request.peer_uid = 1000;
        }
        net::server_response out(0);
        asio::co_spawn(loop, handler(std::move(request)),
                       [&](const std::exception_ptr&, net::server_response r) { out = std::move(r); });
        time.run_ready();
        return out;
    }

    /// The lines of the certificate that was asked for.
    awaitable<result<std::vector<lifecycle::history_line>>> read_history(std::string name) {
        if (history_trouble) {
            co_return fail(*history_trouble);
        }
        std::vector<lifecycle::history_line> own;
        std::ranges::copy_if(lines, std::back_inserter(own),
                             [&](const auto& line) { return line.certificate == name; });
        co_return own;
    }

    awaitable<result<std::vector<solvers::standing_report>>> look_at_records(std::string name) {
        looked_at.push_back(std::move(name));
        co_return records;
    }

    asio::io_context loop;
    fake_time time{loop};
    recorded_events events;
    event_feed feed{time};
    result<std::vector<solvers::standing_report>> records;
    std::vector<std::string> looked_at;
    fake_engine engine;
    std::vector<lifecycle::history_line> lines;
    std::optional<error> history_trouble;
    int reloads = 0;
    result<std::string> reload_outcome{"1 added, 0 changed, 0 removed"};
    net::request_handler handler;
};

std::string header(const net::server_response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

} // namespace

TEST_CASE("Reading answers what the engine knows") {
    bench b;
    const auto all = b.ask("GET", "/v1/certificates");
    CHECK(all.status == 200);
    CHECK(header(all, "Content-Type") == "application/json");
    const auto parsed = page_from_json(all.body);
    REQUIRE(parsed);
    REQUIRE(parsed->certificates.size() == 2);
    CHECK(parsed->certificates[1].where == lifecycle::state::failing);
    CHECK(!parsed->more);

    const auto one = b.ask("GET", "/v1/certificates/example");
    CHECK(one.status == 200);
    const auto status = certificate_from_json(one.body);
    REQUIRE(status);
    CHECK(status->name == "example");
    CHECK(b.ask("HEAD", "/v1/certificates/example").status == 200);

    CHECK(
        b.ask("GET", "/v1/status").body ==
        R"({"schema":1,"version":"1.2.3","pid":42,"started":"2026-11-20T23:00:00Z","uptime_seconds":3600,)"
        R"("listeners":["[::]:80"],"deploy_socket":"","confined":{"runs_as":"","capabilities":"","no_new_privileges":false,)"
        R"("layers":[],"gaps":[]},"certificates":{"total":2,"starting":0,"waiting":1,"queued":0,"ordering":0,)"
        R"("deploying":0,"failing":1}})");
    CHECK(b.engine.asked.empty());
    CHECK(b.events.all.empty());
}

TEST_CASE("Verbs reach the engine and are recorded with the peer") {
    bench b;
    CHECK(b.ask("POST", "/v1/certificates/example/renew").status == 202);
    CHECK(b.ask("POST", "/v1/certificates/example/renew", R"({"now":true})").status == 202);
    CHECK(b.ask("POST", "/v1/certificates/other/deploy", "{}").status == 202);
    CHECK(b.ask("POST", "/v1/certificates/example/revoke").status == 200);
    CHECK(b.ask("POST", "/v1/certificates/example/revoke", R"({"reason":"keyCompromise"})").status == 200);
    CHECK(b.ask("POST", "/v1/certificates/example/revoke", R"({"reason":4})").status == 200);
    CHECK(b.engine.asked == std::vector<std::string>{"renew example", "renew example now", "deploy other",
                                                     "revoke example", "revoke example 1",
                                                     "revoke example 4"});
    CHECK(b.events.count("control.request") == 6);
    const event* const last = b.events.last("control.request");
    CHECK(last->certificate == "example");
    CHECK(last->fields.front().second == "unix uid=1000 gid=1000 pid=7");
}

TEST_CASE("Reload answers what came of it") {
    bench b;
    CHECK(b.ask("POST", "/v1/reload").body == R"({"schema":1,"message":"1 added, 0 changed, 0 removed"})");
    b.reload_outcome = fail(errc::invalid_argument, "evercert.yaml:3:1: nmaes: unknown key");
    const auto refused = b.ask("POST", "/v1/reload");
    CHECK(refused.status == 422);
    CHECK(
        refused.body ==
        R"({"schema":1,"error":{"code":"invalid_argument","message":"evercert.yaml:3:1: nmaes: unknown key"}})");
    CHECK(b.reloads == 2);
}

TEST_CASE("Requests without peer credentials are refused, whatever they ask") {
    bench b;
    for (const char* path : {"/v1/status", "/v1/certificates", "/v1/certificates/example", "/v1/plan",
                             "/v1/certificates/example/explain", "/v1/history", "/v1/history/example",
                             "/v1/accounts", "/v1/accounts/letsencrypt"}) {
        CHECK(b.ask("GET", path, "", false).status == 403);
    }
    for (const char* path : {"/v1/reload", "/v1/certificates/example/renew",
                             "/v1/certificates/example/revoke", "/v1/certificates/example/deploy",
                             "/v1/accounts/letsencrypt/rollover", "/v1/accounts/letsencrypt/deactivate"}) {
        CHECK(b.ask("POST", path, "", false).status == 403);
    }
    CHECK(b.engine.asked.empty());
    CHECK(b.reloads == 0);
}

TEST_CASE("Wrong paths, names, methods and bodies are told apart and change nothing") {
    bench b;
    for (const char* path : {"/",
                             "/v1",
                             "/v1/certificatesx",
                             "/v1/certificates/example/explode",
                             "/v1/certificates/example/renew/twice",
                             "/v1/certificates/",
                             "/v1/certificates/..",
                             "/v1/certificates/nobody",
                             "/v1/certificates/nobody/explain",
                             "/v1/certificates/example/explain/more",
                             "/v1/plan/example",
                             "/v1/status/",
                             "/v1/",
                             "/v1/history/..",
                             "/v1/history/",
                             "/v1/history/nobody",
                             "/v1/history/example/more",
                             "/v1/accounts/..",
                             "/v1/accounts/letsencrypt/explode",
                             "/v2/certificates"}) {
        CAPTURE(path);
        const auto response = b.ask("GET", path);
        CHECK(response.status == 404);
        CHECK(error_message_from_json(response.body).has_value());
    }
    CHECK(b.ask("POST", "/v1/certificates/nobody/renew").status == 404);
    CHECK(error_message_from_json(b.ask("GET", "/v1/certificates/no%0Abody").body) ==
          "no certificate is called \"no%0Abody\"");

    const auto wrong = b.ask("GET", "/v1/certificates/example/renew");
    CHECK(wrong.status == 405);
    CHECK(header(wrong, "Allow") == "POST");
    CHECK(b.ask("POST", "/v1/certificates").status == 405);
    CHECK(header(b.ask("DELETE", "/v1/certificates/example"), "Allow") == "GET");
    CHECK(b.ask("GET", "/v1/reload").status == 405);
    for (const char* path : {"/v1/plan", "/v1/history", "/v1/history/example", "/v1/accounts",
                             "/v1/accounts/letsencrypt", "/v1/certificates/example/explain"}) {
        CAPTURE(path);
        CHECK(header(b.ask("POST", path), "Allow") == "GET");
    }
    CHECK(header(b.ask("GET", "/v1/accounts/letsencrypt/rollover"), "Allow") == "POST");
    CHECK(b.ask("POST", "/v1/accounts/letsencrypt/deactivate", R"({"now":true})").status == 400);

    for (const char* body : {"{", "[]", "true", R"({"now":1})", R"({"noww":true})", R"({"now":true} x)"}) {
        CAPTURE(body);
        CHECK(b.ask("POST", "/v1/certificates/example/renew", body).status == 400);
    }
    for (const char* body :
         {R"({"reason":2})", R"({"reason":"cACompromise"})", R"({"reason":true})", R"({"reason":[]})"}) {
        CAPTURE(body);
        CHECK(b.ask("POST", "/v1/certificates/example/revoke", body).status == 400);
    }
    CHECK(b.ask("POST", "/v1/certificates/example/deploy", R"({"now":true})").status == 400);
    CHECK(b.engine.asked.empty());
    CHECK(b.events.all.empty());
}

TEST_CASE("A failure of the engine becomes a status and a message") {
    bench b;
    b.engine.outcome = fail(errc::refused, "the CA refused", "bad\nreason");
    const auto response = b.ask("POST", "/v1/certificates/example/revoke");
    CHECK(response.status == 502);
    CHECK(error_message_from_json(response.body) == "the CA refused (\"bad\\nreason\")");
    b.engine.outcome = fail(errc::busy, "it is being ordered");
    CHECK(b.ask("POST", "/v1/certificates/example/renew").status == 409);
    b.engine.outcome = fail(errc::not_found, "gone");
    CHECK(b.ask("POST", "/v1/certificates/example/deploy").status == 404);
}

TEST_CASE("Many certificates are told in pages") {
    bench b;
    b.engine.all.clear();
    for (int i = 0; i < 2500; ++i) {
        b.engine.all.push_back(sample_status(fmt::format("c{:06}", i)));
    }
    std::vector<std::string> names;
    std::string query;
    for (int pages = 1;; ++pages) {
        const auto page = page_from_json(b.ask("GET", "/v1/certificates" + query).body);
        REQUIRE(page);
        for (const auto& one : page->certificates) {
            names.push_back(one.name);
        }
        REQUIRE(page->more == (pages < 3));
        if (!page->more) {
            break;
        }
        query = "?after=" + names.back();
    }
    CHECK(names.size() == 2500);
    CHECK(std::ranges::is_sorted(names, std::ranges::less_equal()));
    for (const char* wrong : {"?", "?limit=5", "?c000007", "?after=", "?after=..%2f", "?after=a&more=1"}) {
        CAPTURE(wrong);
        CHECK(b.ask("GET", std::string("/v1/certificates") + wrong).status ==
              (std::string_view(wrong) == "?" ? 200 : 400));
    }
}

TEST_CASE("One certificate is told in full, also what only its record knows") {
    bench b;
    b.engine.problem_on_disk = "read from the record";
    const auto one = certificate_from_json(b.ask("GET", "/v1/certificates/example").body);
    REQUIRE(one);
    CHECK(one->problem == "read from the record");
    const auto all = page_from_json(b.ask("GET", "/v1/certificates").body);
    REQUIRE(all);
    CHECK(all->certificates.front().problem.empty());
    CHECK(b.engine.examined == 1);
}

TEST_CASE("The plan, the record and an explanation are answered as the engine and the record tell them") {
    bench b;
    lifecycle::planned_step step;
    step.certificate = "example";
    step.when = b.time.now() + std::chrono::hours(3);
    step.why = lifecycle::cause::renewal_info;
    b.engine.planned = {step};
    const auto plan = plan_from_json(b.ask("GET", "/v1/plan").body);
    REQUIRE(plan);
    REQUIRE(plan->size() == 1);
    CHECK(plan->front().when == step.when);

    b.lines = {{b.time.now(), "example", "cert.issued", severity::info, "one", {}},
               {b.time.now(), "", "issuer.paused", severity::warning, "two", {}},
               {b.time.now(), "gone", "cert.removed", severity::info, "three", {}}};
    CHECK(history_from_json(b.ask("GET", "/v1/history").body)->size() == 3);
    CHECK(*history_from_json(b.ask("GET", "/v1/history/example").body) ==
          std::vector<lifecycle::history_line>{b.lines[0]});
    CHECK(history_from_json(b.ask("GET", "/v1/history/gone").body)->size() == 1); // its record stays
    CHECK(history_from_json(b.ask("GET", "/v1/history/other").body)->empty());

    const auto told = explanation_from_json(b.ask("GET", "/v1/certificates/example/explain").body);
    REQUIRE(told);
    CHECK(told->name == "example");
    REQUIRE(told->recent.size() == 1);
    CHECK(told->recent.front().message == "one");

    b.history_trouble = error(errc::io, "the disk is gone");
    CHECK(b.ask("GET", "/v1/history/example").status == 500);
    CHECK(b.ask("GET", "/v1/certificates/example/explain").status == 200);
    CHECK(b.events.all.empty());
}

TEST_CASE("Accounts are shown, and changed only by being asked to, which is recorded") {
    bench b;
    b.engine.all_accounts = {sample_account("letsencrypt"), sample_account("corp")};
    CHECK(accounts_from_json(b.ask("GET", "/v1/accounts").body)->size() == 2);
    const auto one = account_from_json(b.ask("GET", "/v1/accounts/corp").body);
    REQUIRE(one);
    CHECK(one->issuer == "corp");
    CHECK(b.ask("GET", "/v1/accounts/nobody").status == 404);
    CHECK(b.events.all.empty());

    CHECK(b.ask("POST", "/v1/accounts/corp/rollover").status == 200);
    CHECK(b.ask("POST", "/v1/accounts/corp/deactivate", "{}").status == 200);
    CHECK(b.engine.asked ==
          std::vector<std::string>{"account corp", "account nobody", "rollover corp", "deactivate corp"});
    REQUIRE(b.events.count("control.request") == 2);
    CHECK(b.events.last("control.request")->message.find("deactivate of the account at corp") == 0);

    b.engine.outcome = fail(errc::refused, "the CA refused");
    CHECK(b.ask("POST", "/v1/accounts/corp/rollover").status == 502);
}

TEST_CASE("a diagnosis is asked for by POST, as it presents something of its own") {
    bench b;
    b.engine.findings = {finding{.check = "reach",
                                 .weight = finding_weight::trouble,
                                 .name = "one.test",
                                 .looked_at = "port 80",
                                 .seen = "refused",
                                 .change = "open it"}};
    const auto response = b.ask("POST", "/v1/certificates/example/diagnose");
    CHECK(response.status == 200);
    const auto made = diagnosis_from_json(response.body);
    REQUIRE(made);
    CHECK(made->certificate == "example");
    CHECK(made->issuer == "letsencrypt");
    CHECK(made->findings == b.engine.findings);
    CHECK(b.engine.asked == std::vector<std::string>{"diagnose example"});
    CHECK(b.events.count("control.request") == 1);
    CHECK(b.ask("GET", "/v1/certificates/example/diagnose").status == 405);
    CHECK(b.ask("POST", "/v1/certificates/nothing/diagnose").status == 404);
    CHECK(b.ask("POST", "/v1/certificates/example/diagnose", R"({"x":1})").status == 400);
    b.engine.outcome = fail(errc::unsupported, "not here");
    CHECK(b.ask("POST", "/v1/certificates/example/diagnose").status >= 400);
}

TEST_CASE("Standing DNS records are looked at when somebody asks, and not recorded") {
    bench b;
    solvers::standing_report one;
    one.name = "example.com";
    one.issuer = "ca";
    one.state = "missing";
    b.records = std::vector{one};
    const auto answer = b.ask("GET", "/v1/certificates/example/dns-records");
    CHECK(answer.status == 200);
    CHECK(records_from_json(answer.body).value().at(0) == one);
    CHECK(b.looked_at == std::vector<std::string>{"example"});
    CHECK(b.events.all.empty());
    CHECK(b.ask("POST", "/v1/certificates/example/dns-records").status == 405);
    CHECK(b.ask("GET", "/v1/certificates/nobody/dns-records").status == 404);
    CHECK(b.looked_at.size() == 1);
    b.records = fail(errc::not_found, "gone meanwhile");
    CHECK(b.ask("GET", "/v1/certificates/example/dns-records").status == 404);
}

TEST_CASE("What happens can be followed, of all or of one") {
    bench b;
    CHECK(b.ask("POST", "/v1/events").status == 405);
    CHECK(b.ask("GET", "/v1/events?certificate=nobody").status == 404);
    CHECK(b.ask("GET", "/v1/events?since=yesterday").status == 400);
    CHECK(b.ask("GET", "/v1/events", {}, false).status == 403);
    std::vector<net::server_response> streams{b.ask("GET", "/v1/events?certificate=example")};
    CHECK(header(streams.back(), "Content-Type") == "application/x-ndjson");
    while (streams.back().status == 200 && streams.size() < 100) {
        CHECK(streams.back().more);
        streams.push_back(b.ask("GET", "/v1/events"));
    }
    CHECK(streams.back().status == 503);
    CHECK(error_message_from_json(streams.back().body).value().find("follow") != std::string::npos);
}
