// What a handshake shows decides.
#include "tests/daemon/deploy/bench.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

bool mentions(const result<void>& outcome, std::string_view text) {
    return !outcome && outcome.error().text().find(text) != std::string::npos;
}

const std::string first_target = "127.0.0.1:443 example.com";
const std::string second_target = "127.0.0.1:443 www.example.com";

} // namespace

TEST_CASE("The new leaf at every name is success") {
    deploy_bench b;
    REQUIRE(b.run(task_for("example", {"example.com", "www.example.com", "192.0.2.1"}, {"nginx"})));
    CHECK(b.runner.lines() == std::vector<std::string>{"nginx -t", "systemctl reload -- nginx.service"});
    CHECK(b.server.asked == std::vector<std::string>{first_target, second_target, "127.0.0.1:443 192.0.2.1"});
    CHECK(b.events.count("deploy.tested") == 1);
    REQUIRE(b.events.last("deploy.reloaded") != nullptr);
    CHECK(b.events.last("deploy.reloaded")->certificate == "example");
    REQUIRE(b.events.last("deploy.verified") != nullptr);
    CHECK(b.events.last("deploy.verified")->certificate == "example");
    CHECK(b.events.count("deploy.foreign_certificate") == 0);
}

TEST_CASE("A reload that arrives late is waited for") {
    deploy_bench b;
    unsigned tries = 0;
    b.server.everywhere = [&] { return shows(++tries < 4 ? "old" : "new"); };
    const steady_time start = b.time.steady_now();
    REQUIRE(b.run(task_for("example", {"example.com"}, {"nginx"})));
    CHECK(tries == 4);
    CHECK(b.passed(start) < seconds(2));
}

TEST_CASE("The old certificate at the deadline is an error that says so") {
    deploy_bench b;
    b.server.by_target[second_target] = [] { return shows("old"); };
    const steady_time start = b.time.steady_now();
    const auto outcome = b.run(task_for("example", {"example.com", "www.example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::timed_out);
    CHECK(mentions(outcome, "127.0.0.1:443 for www.example.com still serves the old certificate"));
    CHECK_FALSE(mentions(outcome, "for example.com"));
    CHECK(b.passed(start) == seconds(30));
    CHECK(b.events.count("deploy.verified") == 0);
}

TEST_CASE("Old on one of two addresses is an error") {
    deploy_bench b;
    deployment two = nginx();
    two.verify = {verify_target({"127.0.0.1", 443}), verify_target({"::1", 443})};
    b.deployer->configure({{"nginx", two}});
    b.server.by_target["[::1]:443 example.com"] = [] { return shows("old"); };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    CHECK(mentions(outcome, "[::1]:443 for example.com still serves the old certificate"));
}

TEST_CASE("A stranger's certificate beside the new one is a warning, soon") {
    deploy_bench b;
    b.server.by_target[second_target] = [] { return shows("stranger"); };
    const steady_time start = b.time.steady_now();
    REQUIRE(b.run(task_for("example", {"example.com", "www.example.com"}, {"nginx"})));
    CHECK(b.passed(start) < seconds(5));
    REQUIRE(b.events.count("deploy.foreign_certificate") == 1);
    const event* const warning = b.events.last("deploy.foreign_certificate");
    CHECK(warning->level == severity::warning);
    CHECK(warning->certificate == "example");
    const std::vector<std::pair<std::string, std::string>> fields{
        {"deployment", "nginx"}, {"name", "www.example.com"}, {"address", "127.0.0.1:443"}};
    CHECK(warning->fields == fields);
}

TEST_CASE("A stranger's certificate for a moment during the reload is no warning") {
    deploy_bench b;
    unsigned tries = 0;
    b.server.by_target[second_target] = [&] { return shows(++tries < 3 ? "stranger" : "new"); };
    REQUIRE(b.run(task_for("example", {"example.com", "www.example.com"}, {"nginx"})));
    CHECK(b.events.count("deploy.foreign_certificate") == 0);
}

TEST_CASE("A name that the server refuses counts like a stranger's certificate") {
    deploy_bench b;
    b.server.by_target[second_target] = [] { return refuses(errc::tls); };
    REQUIRE(b.run(task_for("example", {"example.com", "www.example.com"}, {"nginx"})));
    CHECK(b.events.count("deploy.foreign_certificate") == 1);
}

TEST_CASE("Strangers at every name are an error") {
    deploy_bench b;
    b.server.everywhere = [] { return shows("stranger"); };
    const auto outcome = b.run(task_for("example", {"example.com", "www.example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::refused);
    CHECK(mentions(outcome, "127.0.0.1:443 for example.com serves a certificate that is not this one"));
}

TEST_CASE("No answer is retried and then an error that names the address") {
    deploy_bench b;
    b.server.everywhere = [] { return refuses(errc::network); };
    const auto outcome = b.run(task_for("example", {"example.com"}, {"nginx"}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::network);
    CHECK(mentions(outcome, "127.0.0.1:443 for example.com did not answer"));
    CHECK(mentions(outcome, "scripted refusal"));
    CHECK(b.server.asked.size() > 10);
    CHECK(b.server.asked.size() < 60);

    unsigned tries = 0;
    b.server.everywhere = [&] { return ++tries < 3 ? refuses(errc::network) : shows("new"); };
    CHECK(b.run(task_for("example", {"example.com"}, {"nginx"})));
}

TEST_CASE("A wildcard is looked at through a made-up name, which need not be known") {
    deploy_bench b;
    SECTION("seen") {
        REQUIRE(b.run(task_for("w", {"*.example.com"}, {"nginx"})));
        CHECK(b.server.asked == std::vector<std::string>{"127.0.0.1:443 wildcard-check.example.com"});
        CHECK(b.events.count("deploy.verified") == 1);
    }
    SECTION("not known to the server: nothing is confirmed, nothing is wrong") {
        b.server.everywhere = [] { return shows("stranger"); };
        REQUIRE(b.run(task_for("w", {"*.example.com"}, {"nginx"})));
        CHECK(b.events.count("deploy.unconfirmed") == 1);
        CHECK(b.events.count("deploy.verified") == 0);
    }
    SECTION("still old") {
        b.server.everywhere = [] { return shows("old"); };
        CHECK(mentions(b.run(task_for("w", {"*.example.com"}, {"nginx"})), "still serves the old"));
    }
}

TEST_CASE("Of a certificate with very many names some are looked at") {
    deploy_bench b;
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) {
        names.push_back("n" + std::to_string(i) + ".example.com");
    }
    REQUIRE(b.run(task_for("many", names, {"nginx"})));
    CHECK(b.server.asked.size() == 20);
}

TEST_CASE("A long list of failures is told in few words") {
    deploy_bench b;
    b.server.everywhere = [] { return shows("old"); };
    const auto outcome =
        b.run(task_for("m", {"a.example", "b.example", "c.example", "d.example", "e.example"}, {"nginx"}));
    CHECK(mentions(outcome, "a.example"));
    CHECK(mentions(outcome, "and 2 more"));
    CHECK_FALSE(mentions(outcome, "e.example"));
}
