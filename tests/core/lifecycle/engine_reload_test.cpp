// A configuration that changes while the engine runs.
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

TEST_CASE("reload: added starts, changed reissues, removed stops, the rest is not disturbed") {
    engine_fixture f;
    f.add("same.example");
    f.add("changed.example");
    f.add("removed.example");
    f.start();
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.ca.orders_created == 3);
    f.change(1, [](auto& wanted) { wanted.names.push_back(*parse_identifier("www.changed.example")); });
    f.plan.certificates.erase(f.plan.certificates.begin() + 2);
    f.add("new.example");
    f.engine->assign(f.plan);
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.ca.orders_created == 5);
    CHECK_FALSE(f.engine->show("removed.example"));
    CHECK(f.live_version("removed.example") == 1); // its files stay
    CHECK(f.live_version("same.example") == 1);
    CHECK(f.live_version("changed.example") == 2);
    CHECK(f.live_version("new.example") == 1);
    f.time.advance(std::chrono::days(100));
    CHECK(f.live_version("removed.example") == 1);
}

TEST_CASE("reload: a certificate at rest is deployed where it was not before, without an order") {
    engine_fixture f;
    f.add("a.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.servers.tasks.empty());
    for (const char* server : {"nginx", "apache"}) {
        CAPTURE(server);
        const std::size_t before = f.servers.tasks.size();
        f.change(0, [server](auto& wanted) {
            auto policy = *wanted.policy;
            policy.deploy = {server};
            wanted.policy = std::make_shared<const issuance_policy>(std::move(policy));
        });
        f.engine->assign(f.plan);
        f.time.advance(std::chrono::minutes(1));
        CHECK(f.servers.tasks.size() == before + 1);
        CHECK(f.show("a.example").deployed);
    }
    CHECK(f.ca.orders_created == 1);
}
