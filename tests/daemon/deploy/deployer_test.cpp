// Steps, coalescing, hooks, reload of the configuration, cancellation.
#include "daemon/deploy/steps.hpp"
#include "tests/daemon/deploy/bench.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace evercert;
using namespace evercert::testing;

namespace {

process_outcome exits(int code, std::string output) {
    process_outcome outcome;
    outcome.exit_code = code;
    outcome.output = std::move(output);
    return outcome;
}

bool mentions(const result<void>& outcome, std::string_view text) {
    return !outcome && outcome.error().text().find(text) != std::string::npos;
}

std::string variable(const process_request& request, std::string_view name) {
    for (const auto& [key, value] : request.environment) {
        if (key == name) {
            return value;
        }
    }
    return "(unset)";
}

} // namespace

TEST_CASE("Two hundred certificates at once are one reload") {
    deploy_bench b;
    std::vector<std::shared_ptr<handed_in>> slips;
    for (int i = 0; i < 200; ++i) {
        slips.push_back(
            b.hand_in(task_for("c" + std::to_string(i), {"n" + std::to_string(i) + ".example"}, {"nginx"})));
    }
    const auto all_done = [&] {
        return std::all_of(slips.begin(), slips.end(), [](const auto& s) { return s->outcome.has_value(); });
    };
    REQUIRE(b.time.run_until(all_done, std::chrono::minutes(1)));
    for (const auto& slip : slips) {
        CHECK(slip->outcome->has_value());
    }
    CHECK(b.runner.lines() == std::vector<std::string>{"nginx -t", "systemctl reload -- nginx.service"});
    CHECK(b.events.last("deploy.reloaded")->fields.back().second == "200");
    CHECK(b.events.count("deploy.verified") == 200);
    CHECK(b.server.asked.size() == 200);
    CHECK(b.server.most_open == 16);
}

TEST_CASE("Tasks that come while a run is under way share the next run") {
    deploy_bench b;
    b.runner.takes = seconds(5);
    const auto first = b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    b.time.advance(seconds(2)); // in the config test of the first run
    REQUIRE(b.runner.started.size() == 1);
    const auto second = b.hand_in(task_for("b", {"b.example"}, {"nginx"}));
    b.time.advance(seconds(1));
    const auto third = b.hand_in(task_for("c", {"c.example"}, {"nginx"}));
    b.time.advance(seconds(8));
    CHECK(first->outcome.has_value());
    CHECK_FALSE(second->outcome.has_value());
    REQUIRE(b.time.run_until([&] { return second->outcome && third->outcome; }, std::chrono::minutes(1)));
    CHECK(b.runner.started.size() == 4);
    CHECK(b.runner.most_at_once == 1);
    CHECK(b.events.last("deploy.reloaded")->fields.back().second == "2");
}

TEST_CASE("A single task waits for a short window only") {
    deploy_bench b;
    b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    b.time.advance(milliseconds(299));
    CHECK(b.runner.started.empty());
    b.time.advance(milliseconds(1));
    CHECK(b.runner.started.size() >= 1);
}

TEST_CASE("Where tasks come one after the other, the reload waits until no more do, and not for ever") {
    deploy_bench b;
    auto keep_coming = [&](int tasks, milliseconds between) {
        for (int i = 0; i < tasks; ++i) {
            b.hand_in(task_for("c" + std::to_string(i), {"c.example"}, {"nginx"}));
            b.time.advance(between);
        }
    };
    keep_coming(40, milliseconds(250)); // 10 s
    CHECK(b.runner.started.empty());
    b.time.advance(seconds(3));
    CHECK(b.runner.lines() == std::vector<std::string>{"nginx -t", "systemctl reload -- nginx.service"});
    CHECK(b.events.last("deploy.reloaded")->fields.back().second == "40");

    b.runner.started.clear();
    keep_coming(240, milliseconds(250)); // 60 s
    CHECK(b.runner.started.size() == 2);
    b.time.advance(seconds(30));
    CHECK(b.runner.started.size() == 4);
}

TEST_CASE("A server with a runtime API is reloaded only when that does not do") {
    deploy_bench b;
    deployment haproxy = nginx();
    haproxy.name = "haproxy";
    haproxy.runtime = "/run/haproxy/admin.sock";
    b.deployer->configure({{"haproxy", haproxy}});
    REQUIRE(b.run(task_for("a", {"a.example"}, {"haproxy"})));
    CHECK(b.runner.lines() == std::vector<std::string>{"nginx -t"});
    CHECK(b.runtime.asked == std::vector<std::string>{"/run/haproxy/admin.sock"});
    CHECK(b.events.count("deploy.updated") == 1);
    CHECK(b.events.count("deploy.reloaded") == 0);
    CHECK(b.events.count("deploy.verified") == 1);

    b.runtime.trouble = error(errc::not_found, "there is no socket", "rude\n");
    REQUIRE(b.run(task_for("a", {"a.example"}, {"haproxy"})));
    CHECK(b.runner.lines().back() == "systemctl reload -- nginx.service");
    REQUIRE(b.events.count("deploy.reloaded") == 1);
    const std::string& said = b.events.last("deploy.reloaded")->message;
    CHECK(said.find("the server was reloaded, because there is no socket") == 0);
    CHECK(said.find('\n') == std::string::npos);
    CHECK(b.events.count("deploy.updated") == 1);
}

TEST_CASE("A refused configuration keeps the runtime API from being asked") {
    deploy_bench b;
    deployment haproxy = nginx();
    haproxy.runtime = "/run/haproxy/admin.sock";
    b.deployer->configure({{"nginx", haproxy}});
    b.runner.scripts["nginx"] = [] { return exits(1, "no"); };
    CHECK_FALSE(b.run(task_for("a", {"a.example"}, {"nginx"})));
    CHECK(b.runtime.asked.empty());
}

TEST_CASE("A refused configuration is told with the server's words and nothing is reloaded") {
    deploy_bench b;
    b.runner.scripts["nginx"] = [] {
        return exits(1, std::string(2000, 'x') + "\nnginx: [emerg] bad\x1b[0m \"key\"\n");
    };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::refused);
    CHECK(mentions(outcome, "the server's own configuration test `nginx -t`"));
    CHECK(mentions(outcome, "nothing was reloaded"));
    CHECK(mentions(outcome, "nginx: [emerg] bad\\x1b[0m \\\"key\\\""));
    CHECK_FALSE(mentions(outcome, "xxxx"));
    CHECK(b.runner.started.size() == 1);
    CHECK(b.server.asked.empty());
}

TEST_CASE("A failed reload is an error with its output") {
    deploy_bench b;
    b.runner.scripts["systemctl"] = [] { return exits(1, "nginx.service is not active, cannot reload."); };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    CHECK(mentions(outcome, "`systemctl reload -- nginx.service`"));
    CHECK(mentions(outcome, "is not active"));
    CHECK(b.server.asked.empty());
    CHECK(b.events.count("deploy.reloaded") == 0);
}

TEST_CASE("Without systemctl the message says what to configure instead") {
    deploy_bench b;
    b.runner.scripts["systemctl"] = []() -> result<process_outcome> {
        return fail(errc::not_found, "no such program");
    };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::not_found);
    CHECK(mentions(outcome, "give deployment nginx a `command` instead of `reload_unit`"));
}

TEST_CASE("A program that does not end within its deadline is told as that") {
    deploy_bench b;
    b.runner.scripts["nginx"] = [] {
        process_outcome late;
        late.timed_out = true;
        return result<process_outcome>(late);
    };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::timed_out);
    CHECK(b.runner.started.front().deadline == seconds(30));
}

TEST_CASE("A hook runs once for each certificate, one after the other, with its environment") {
    deploy_bench b;
    b.runner.takes = seconds(1);
    b.runner.scripts["/usr/local/bin/on-renew"] = [n = 0]() mutable {
        return exits(++n == 2 ? 3 : 0, "sorry");
    };
    const auto first = b.hand_in(task_for("a", {"a.example", "www.a.example"}, {"app"}));
    const auto second = b.hand_in(task_for("b", {"b.example"}, {"app"}));
    REQUIRE(b.time.run_until([&] { return first->outcome && second->outcome; }, std::chrono::minutes(1)));
    CHECK(first->outcome->has_value());
    CHECK(mentions(*second->outcome, "the hook `/usr/local/bin/on-renew x y`"));
    CHECK(mentions(*second->outcome, "sorry"));
    CHECK(b.runner.most_at_once == 1);
    REQUIRE(b.runner.started.size() == 2);
    const process_request& request = b.runner.started.front();
    CHECK(request.argv == std::vector<std::string>{"/usr/local/bin/on-renew", "x y"});
    CHECK(request.deadline == seconds(60));
    CHECK(variable(request, "EVERCERT_CERTIFICATE") == "a");
    CHECK(variable(request, "EVERCERT_CERTIFICATES") == "a");
    CHECK(variable(request, "EVERCERT_LIVE_DIRECTORY") == "/var/lib/evercert/live/a");
    CHECK(variable(request, "EVERCERT_NAMES") == "a.example www.a.example");
    CHECK(variable(request, "EVERCERT_DEPLOYMENT") == "app");
    CHECK(b.events.count("deploy.hook_ran") == 1);
}

TEST_CASE("A hook that was written for certbot is told what certbot tells") {
    deployment how = hook();
    std::vector<daemon::shared_task> tasks;
    tasks.push_back(
        std::make_shared<const deployment_task>(task_for("a", {"a.example", "www.a.example"}, {})));
    const auto told = [&](std::string_view name) {
        for (const auto& [key, value] : daemon::step_environment(how, tasks)) {
            if (key == name) {
                return value;
            }
        }
        return std::string("(not told)");
    };
    CHECK(told("RENEWED_LINEAGE") == "(not told)");
    how.convention = "certbot";
    CHECK(told("RENEWED_LINEAGE") == "/var/lib/evercert/live/a");
    CHECK(told("RENEWED_DOMAINS") == "a.example www.a.example");
    CHECK(told("EVERCERT_CERTIFICATE") == "a");
}

TEST_CASE("A reload command for several certificates knows all of them") {
    deployment how = hook();
    std::vector<daemon::shared_task> tasks;
    tasks.push_back(std::make_shared<const deployment_task>(task_for("a", {"a.example"}, {})));
    tasks.push_back(std::make_shared<const deployment_task>(task_for("b", {"b.example"}, {})));
    const std::vector<std::pair<std::string, std::string>> expected{{"EVERCERT_DEPLOYMENT", "app"},
                                                                    {"EVERCERT_CERTIFICATES", "a b"}};
    CHECK(daemon::step_environment(how, tasks) == expected);

    for (int i = 0; i < 3000; ++i) {
        tasks.push_back(
            std::make_shared<const deployment_task>(task_for(std::string(60, 'x'), {"a.example"}, {})));
    }
    CHECK(daemon::step_environment(how, tasks).size() ==
          1); // no program could be started with such a variable
}

TEST_CASE("Deployments run in the order given and stop at the first that fails") {
    deploy_bench b;
    REQUIRE(b.run(task_for("a", {"a.example"}, {"nginx", "app"})));
    CHECK(b.runner.lines().back() == "/usr/local/bin/on-renew x y");
    b.runner.started.clear();
    b.runner.scripts["nginx"] = [] { return exits(1, ""); };
    CHECK_FALSE(b.run(task_for("a", {"a.example"}, {"nginx", "app"})));
    CHECK(b.runner.lines() == std::vector<std::string>{"nginx -t"});
    b.runner.started.clear();
    CHECK(b.run(task_for("a", {"a.example"}, {})));
    CHECK(b.runner.started.empty());
}

TEST_CASE("A reload of the configuration counts from the next run on") {
    deploy_bench b;
    deployment other = nginx();
    other.test.clear();
    other.reload_unit.clear();
    other.command = {"apachectl", "graceful"};
    b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    b.time.advance(milliseconds(100));
    b.deployer->configure({{"nginx", other}});
    b.time.advance(seconds(1));
    CHECK(b.runner.lines() == std::vector<std::string>{"apachectl graceful"});

    b.deployer->configure({});
    const auto outcome = b.run(task_for("a", {"a.example"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::not_found);
    CHECK(mentions(outcome, "no deployment nginx"));
}

TEST_CASE("A cancelled caller leaves the others' run alone, and no run is made for nobody") {
    deploy_bench b;
    const auto gone = b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    const auto stays = b.hand_in(task_for("b", {"b.example"}, {"nginx"}));
    b.time.run_ready();
    gone->cancel.emit(asio::cancellation_type::all);
    b.time.advance(seconds(3));
    CHECK_FALSE(gone->outcome.has_value());
    REQUIRE(stays->outcome.has_value());
    CHECK(stays->outcome->has_value());
    CHECK(b.server.asked == std::vector<std::string>{"127.0.0.1:443 b.example"});

    b.runner.started.clear();
    const auto alone = b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    b.time.run_ready();
    alone->cancel.emit(asio::cancellation_type::all);
    b.time.advance(seconds(1));
    CHECK(b.runner.started.empty());
}

TEST_CASE("Stopping answers everybody who waits") {
    deploy_bench b;
    b.runner.takes = std::chrono::minutes(10);
    const auto running = b.hand_in(task_for("a", {"a.example"}, {"nginx"}));
    b.time.advance(seconds(1));
    const auto queued = b.hand_in(task_for("b", {"b.example"}, {"nginx"}));
    const auto hooked = b.hand_in(task_for("c", {"c.example"}, {"app"}));
    b.time.run_ready();
    bool stopped = false;
    asio::co_spawn(b.loop, b.deployer->stop(), [&](const std::exception_ptr&) { stopped = true; });
    b.time.run_ready();
    CHECK(stopped);
    for (const auto& slip : {running, queued, hooked}) {
        REQUIRE(slip->outcome.has_value());
        REQUIRE_FALSE(slip->outcome->has_value());
        CHECK(slip->outcome->error().code == errc::cancelled);
    }
    const auto late = b.run(task_for("d", {"d.example"}, {"nginx"}));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == errc::cancelled);
}

TEST_CASE("A probe that throws is a failed probe, not a deployer that hangs") {
    deploy_bench b;
    b.server.everywhere = []() -> tls_probe_result {
        throw boost::system::system_error(make_error_code(boost::system::errc::protocol_error));
    };
    const auto outcome = b.run(task_for("a", {"a.example"}, {"nginx"}));
    CHECK(mentions(outcome, "did not answer"));
}
