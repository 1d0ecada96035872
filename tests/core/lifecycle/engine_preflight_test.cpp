// What the engine makes of a look before an order.
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

using std::chrono::days;
using std::chrono::minutes;

finding found(finding_weight weight, std::string name = "a.example") {
    return finding{.check = "reach",
                   .weight = weight,
                   .name = std::move(name),
                   .looked_at = "port 80 of 192.0.2.1",
                   .seen = "connection refused",
                   .change = "open the port"};
}

class scripted_preflight : public preflight {
public:
    explicit scripted_preflight(time_source& time) : time_(time) {}
    awaitable<std::vector<finding>> examine(preflight_request request) override {
        co_await sleep_for(time_, milliseconds(50));
        asked.push_back(std::move(request));
        co_return findings;
    }

    std::vector<preflight_request> asked;
    std::vector<finding> findings;

private:
    time_source& time_;
};

struct looking_ahead : engine_fixture {
    scripted_preflight looks{time};

    looking_ahead() {
        look_ahead = [this](preflight_request request) { return looks.examine(std::move(request)); };
    }
    ~looking_ahead() { stop(); }
    void add_with(preflight_mode mode) {
        add("a.example", {}, [mode](issuance_policy& policy) { policy.preflight = mode; });
    }
    void run() {
        start();
        time.advance(minutes(2));
    }
};

acme::failure refused_proof() {
    acme::failure what(acme::step::challenge, error(errc::refused, "no"));
    what.said.emplace();
    what.said->type = "connection";
    what.order_gone = true;
    return what;
}

} // namespace

TEST_CASE("it is looked before the first order, and not before a renewal that nothing hinders") {
    looking_ahead f;
    f.add_with(preflight_mode::warn);
    f.run();
    REQUIRE(f.live_version("a.example") == 1);
    REQUIRE(f.looks.asked.size() == 1);
    CHECK(f.looks.asked[0].names == f.plan.certificates[0]->names);
    CHECK(f.looks.asked[0].where.name == "ca");
    CHECK(!f.looks.asked[0].facts.account_url.empty());
    CHECK(!f.looks.asked[0].with_records);
    CHECK(f.events.count("preflight.trouble") == 0);
    REQUIRE(f.engine->renew("a.example", true));
    REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 2; }, minutes(5)));
    CHECK(f.looks.asked.size() == 1);
}

TEST_CASE("it is looked again after a failure and when names come") {
    looking_ahead f;
    f.add_with(preflight_mode::warn);
    f.ca.failures.push_back(refused_proof());
    f.start();
    REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 1; }, days(1)));
    CHECK(f.looks.asked.size() == 2);
    f.change(0, [](managed_certificate& one) { one.names.push_back(*parse_identifier("b.example")); });
    f.engine->assign(f.plan);
    REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 2; }, days(1)));
    CHECK(f.looks.asked.size() == 3);
}

TEST_CASE("an order that stands is gone on with, without a look") {
    looking_ahead f;
    f.ca.takes = seconds(60);
    f.add_with(preflight_mode::enforce);
    f.start();
    f.time.advance(seconds(10));
    REQUIRE(f.ca.orders_created == 1);
    f.looks.findings = {found(finding_weight::trouble)};
    f.crash_and_restart();
    f.time.advance(minutes(2));
    CHECK(f.looks.asked.size() == 1);
    CHECK(f.live_version("a.example") == 1);
}

TEST_CASE("by policy a trouble is told, hinders, or is not looked for") {
    looking_ahead f;
    f.looks.findings = {found(finding_weight::unsure), found(finding_weight::trouble),
                        found(finding_weight::trouble, "b.example"), found(finding_weight::good)};
    SECTION("told") {
        f.add_with(preflight_mode::warn);
        f.run();
        CHECK(f.live_version("a.example") == 1);
        REQUIRE(f.events.count("preflight.trouble") == 2);
        const auto told = f.events.last("preflight.trouble");
        CHECK(told->level == severity::warning);
        CHECK(told->certificate == "a.example");
        CHECK(told->message == "b.example: port 80 of 192.0.2.1: connection refused: open the port");
    }
    SECTION("hinders, until it is gone, and takes nothing from the CA's limits") {
        f.add_with(preflight_mode::enforce);
        f.run();
        CHECK(f.ca.orders_created == 0);
        const auto shown = f.show("a.example");
        CHECK(shown.where == state::failing);
        CHECK(shown.failures >= 1);
        CHECK(shown.problem_class == "later");
        CHECK(shown.problem.find("the CA was not asked") != std::string::npos);
        CHECK(shown.problem.find("connection refused (and 1 more)") != std::string::npos);
        CHECK(shown.problem.find("open the port; 'evercert diagnose a.example'") != std::string::npos);
        f.looks.findings = {found(finding_weight::unsure)};
        REQUIRE(f.time.run_until([&] { return f.live_version("a.example") == 1; }, days(1)));
        CHECK(f.show("a.example").problem.empty());
    }
    SECTION("a change to warn is tried at once") {
        f.add_with(preflight_mode::enforce);
        f.start();
        REQUIRE(f.time.run_until([&] { return f.show("a.example").failures >= 3; }, days(1)));
        f.change(0, [](managed_certificate& one) {
            issuance_policy policy = *one.policy;
            policy.preflight = preflight_mode::warn;
            one.policy = std::make_shared<const issuance_policy>(std::move(policy));
        });
        f.engine->assign(f.plan);
        f.time.advance(minutes(1));
        CHECK(f.live_version("a.example") == 1);
    }
    SECTION("not looked for") {
        f.add_with(preflight_mode::off);
        f.run();
        CHECK(f.live_version("a.example") == 1);
        CHECK(f.looks.asked.empty());
    }
}

TEST_CASE("of many troubles the log has some, and says how many there are") {
    looking_ahead f;
    f.looks.findings.assign(100, found(finding_weight::trouble));
    f.add_with(preflight_mode::warn);
    f.run();
    CHECK(f.events.count("preflight.trouble") == 21);
    CHECK(f.events.last("preflight.trouble")->message ==
          "and 80 more; 'evercert diagnose a.example' shows them");
}

TEST_CASE("a person's look puts records into the DNS, and says when the issuer is silent") {
    looking_ahead f;
    f.looks.findings = {found(finding_weight::good)};
    f.add_with(preflight_mode::off);
    const auto diagnose = [&](const std::string& name) {
        std::optional<result<diagnosis>> made;
        asio::co_spawn(f.loop, f.engine->diagnose(name),
                       [&](const std::exception_ptr&, result<diagnosis> r) { made = std::move(r); });
        CHECK(f.time.run_until([&] { return made.has_value(); }, minutes(5)));
        return *made;
    };
    f.run();
    auto made = diagnose("a.example");
    REQUIRE(made);
    CHECK(made->certificate == "a.example");
    CHECK(made->issuer == "ca");
    CHECK(made->findings == f.looks.findings);
    CHECK(f.looks.asked.back().with_records);
    CHECK(diagnose("nobody").error().code == errc::not_found);
    f.ca.describe_failures.push_back(
        acme::failure(acme::step::directory, error(errc::network, "no way there")));
    made = diagnose("a.example");
    REQUIRE(made);
    REQUIRE(made->findings.size() == 2);
    CHECK(made->findings[0].check == "issuer");
    CHECK(made->findings[0].weight == finding_weight::trouble);
    CHECK(made->findings[0].seen.find("no way there") != std::string::npos);
}
