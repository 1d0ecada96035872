// The engine with the real ACME client, at a CA that has lost its state: what the CA has forgotten of us is
// no failure of any certificate.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;
using lifecycle::state;

namespace {

struct forgetful : disk_in_memory, engine_on_disk {
    scripted_ca ca{time};
    acme::testing::memory_solver answers{time};
    std::vector<std::string> names{"a.example", "b.example", "c.example", "d.example"};

    forgetful() : engine_on_disk(disk) {
        issuer& one = plan.issuers.at("ca");
        one.directory = scripted_ca::directory_url();
        one.contacts = {"ops@example.com"};
        plan.solvers.emplace("http", &answers);
        ca.latency = milliseconds(50);
        ca.fetch = [this](const std::string& asked, const std::string& token) {
            return answers.fetch(asked, token);
        };
        make_client = [this](const issuer& settings) -> result<std::unique_ptr<acme::client>> {
            const acme::client_parts parts{ca, time, *random, events};
            return acme::make_client(settings, parts, loop.get_executor());
        };
        for (const std::string& name : names) {
            add(name);
        }
        start();
        REQUIRE(all_have(1));
    }
    ~forgetful() { stop(); }

    [[nodiscard]] bool all_have(unsigned version) {
        const auto there = [this, version] {
            return std::ranges::all_of(names, [this, version](const std::string& name) {
                return live_version(name) == version && show(name).where == state::waiting;
            });
        };
        return time.run_until(there, std::chrono::minutes(2));
    }
    void renew_all() {
        for (const std::string& name : names) {
            REQUIRE(engine->renew(name, true));
        }
    }
    result<void> revoke(const std::string& name) {
        result<void> outcome = fail(errc::internal, "no answer");
        auto ask = [&]() -> awaitable<void> { outcome = co_await engine->revoke(name, 1); };
        asio::co_spawn(loop, ask(), asio::detached);
        time.advance(std::chrono::minutes(1));
        return outcome;
    }
    [[nodiscard]] unsigned registered() const {
        return static_cast<unsigned>(events.count("acme.account_registered"));
    }
    void check_nothing_failed() const {
        CHECK(events.count("cert.order_failed") == 0);
        CHECK(events.count("issuer.paused") == 0);
    }
};

} // namespace

TEST_CASE("an account that the CA has forgotten is made anew once, in the midst of all that need it") {
    forgetful f;
    bool lost = false;
    SECTION("before orders are asked for") {
        f.ca.forget_everything();
        f.renew_all();
    }
    SECTION("after it has taken them") {
        f.ca.before = [&](const ca_request& asked) -> std::optional<result<http_response>> {
            if (asked.path.starts_with("/finalize/") && !std::exchange(lost, true)) {
                f.ca.forget_everything();
            }
            return std::nullopt;
        };
        f.renew_all();
    }
    SECTION("while we were not running") {
        f.stop();
        f.ca.forget_everything();
        f.start();
        f.renew_all();
    }
    SECTION("and the contacts had changed meanwhile") {
        f.stop();
        f.ca.forget_everything();
        f.plan.issuers.at("ca").contacts = {"new@example.com"};
        f.start();
        f.renew_all();
    }
    CHECK(f.all_have(2));
    f.check_nothing_failed();
    CHECK(f.registered() == 2);
    CHECK(f.events.count("account.forgotten") == 1);
    REQUIRE(f.ca.accounts.size() == 1);
    CHECK(f.ca.accounts.begin()->second.contacts ==
          std::vector<std::string>{"mailto:" + f.plan.issuers.at("ca").contacts.front()});
    // It is in the record, so that nothing is looked up after a restart.
    f.crash_and_restart();
    const auto looked_up = f.ca.count("POST /new-account");
    f.renew_all();
    CHECK(f.all_have(3));
    CHECK(f.ca.count("POST /new-account") == looked_up);
}

TEST_CASE("a CA that knows no account that it has just made gets no stream of them") {
    forgetful f;
    f.ca.after = [&f](const ca_request&, http_response answer) -> result<http_response> {
        f.ca.forget_accounts();
        return answer;
    };
    f.ca.forget_accounts();
    f.renew_all();
    f.time.advance(std::chrono::minutes(3));
    CHECK(f.registered() <= 4); // one each minute
    CHECK(f.events.count("issuer.paused") > 0);
    for (const std::string& name : f.names) {
        CHECK(f.show(name).problem.find("account") != std::string::npos);
    }
    f.ca.after = nullptr;
    f.time.advance(std::chrono::minutes(5));
    f.renew_all();
    CHECK(f.all_have(2));
}

TEST_CASE("an account that was deactivated elsewhere is said to be, and not replaced") {
    forgetful f;
    f.ca.accounts.begin()->second.status = "deactivated";
    SECTION("while we run") {}
    SECTION("while we were not running") {
        f.crash_and_restart();
    }
    f.renew_all();
    f.time.advance(std::chrono::minutes(3));
    CHECK(f.registered() == 1);
    CHECK(f.events.count("account.forgotten") == 0);
    CHECK(f.ca.accounts.size() == 1);
    for (const std::string& name : f.names) {
        CHECK(f.live_version(name) == 1);
        CHECK(f.show(name).problem.find("deactivated") != std::string::npos);
    }
}

TEST_CASE("what a forgotten account has obtained is revoked by the certificate's own key") {
    forgetful f;
    f.ca.forget_accounts();
    CHECK(f.revoke("a.example"));
    REQUIRE(f.ca.revoked.size() == 1);
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.live_version("a.example") == 2);
    f.check_nothing_failed();
    CHECK(f.events.count("cert.revoke_failed") == 0);
}
