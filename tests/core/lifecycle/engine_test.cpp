#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;
using lifecycle::state;

namespace {

acme::failure refused(acme::step where, std::string type, int status, bool lost = true) {
    acme::failure what(where, error(lost ? errc::refused : errc::timed_out, "no"));
    acme::problem p;
    p.type = std::move(type);
    p.status = status;
    what.said = std::move(p);
    what.http_status = status;
    return what;
}

} // namespace

TEST_CASE("from nothing to live, deployed, renewed") {
    engine_fixture f;
    f.add("a.example", {"nginx"});
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    CHECK(f.live_version("a.example") == 1);
    CHECK(f.show("a.example").deployed);
    CHECK(f.servers.tasks.size() == 1);
    CHECK(f.servers.tasks[0].fingerprints == std::vector{f.show("a.example").live->fingerprint});
    CHECK(f.ca.orders_created == 1);
    CHECK(f.events.count("cert.issued") == 1);
    CHECK(f.events.count("cert.deployed") == 1);

    const wall_time next = *f.show("a.example").next_run;
    CHECK(next > f.time.now() + std::chrono::days(59));
    REQUIRE(f.time.run_until([&] { return f.ca.orders_created == 2; }));
    CHECK(f.time.now() >= next);
    CHECK(f.time.now() < next + std::chrono::minutes(2));
    REQUIRE(f.until(state::waiting, "a.example"));
    CHECK(f.live_version("a.example") == 2);
    CHECK(f.ca.accounts_opened == 1);
}

TEST_CASE("a year of 90-day certificates, with a restart each week, never expires and never hurries") {
    engine_fixture f;
    f.add("long.example");
    f.start();
    for (int week = 0; week < 52; ++week) {
        f.time.advance(std::chrono::days(7));
        f.crash_and_restart();
        f.time.advance(std::chrono::minutes(5));
        REQUIRE(f.show("long.example").live);
        REQUIRE(f.show("long.example").live->not_after > f.time.now() + std::chrono::days(28));
    }
    CHECK(f.ca.orders_created >= 6);
    CHECK(f.ca.orders_created <= 7);
    CHECK(f.ca.accounts_opened == 1);
}

TEST_CASE("90 failing days cost at most 95 tries, over restarts too") {
    engine_fixture f;
    f.add("a.example");
    for (int i = 0; i < 1000; ++i) {
        f.ca.failures.push_back(refused(acme::step::challenge, "connection", 400));
    }
    f.start();
    for (int day = 0; day < 90; ++day) {
        f.time.advance(std::chrono::hours(24));
        if (day % 3 == 0) {
            f.crash_and_restart();
        }
    }
    const std::size_t tries = 1000 - f.ca.failures.size();
    CHECK(tries <= 95);
    CHECK(tries >= 80);
    const auto shown = f.show("a.example");
    CHECK(shown.where == state::failing);
    CHECK(shown.failures == tries);
    CHECK(shown.problem.find("port 80") != std::string::npos);
}

TEST_CASE("no more orders at once than the issuer allows, and all get done") {
    engine_fixture f;
    f.plan.issuers.at("ca").limits.concurrent_orders = 4;
    for (int i = 0; i < 50; ++i) {
        f.add("host" + std::to_string(i) + ".example", {"nginx"});
    }
    f.start();
    REQUIRE(f.time.run_until(
        [&] {
            const auto all = f.engine->list();
            return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.deployed; });
        },
        std::chrono::hours(1)));
    CHECK(f.ca.most_under_way == 4);
    CHECK(f.ca.orders_created == 50);
    CHECK(f.ca.accounts_opened == 1);
}

TEST_CASE("a crash at any moment of an order costs at most one extra order, and never the live pair") {
    // How many changes of the disk one whole run makes.
    unsigned changes = 0;
    {
        engine_fixture whole;
        whole.add("a.example", {"nginx"});
        whole.disk.record();
        whole.start();
        REQUIRE(whole.until(state::waiting, "a.example"));
        whole.time.advance(std::chrono::seconds(5));
        changes = static_cast<unsigned>(whole.disk.history().size());
    }
    REQUIRE(changes > 5);
    for (unsigned cut = 0; cut < changes; ++cut) {
        CAPTURE(cut);
        engine_fixture f;
        f.add("a.example", {"nginx"});
        f.disk.record();
        f.start();
        f.until(state::waiting, "a.example");
        f.time.advance(std::chrono::seconds(5));
        const auto moments = f.disk.history();
        f.stop();
        f.disk.restore(moments[cut]);
        f.servers.tasks.clear();
        f.start();
        REQUIRE(f.until(state::waiting, "a.example"));
        CHECK(f.live_version("a.example") >= 1);
        CHECK(f.ca.orders_created <= 2);
        CHECK(f.show("a.example").deployed);
        CHECK(f.ca.accounts_opened <= 2);
    }
}

TEST_CASE("a full disk at any write loses nothing, and is overcome when there is space again") {
    for (unsigned nth = 1; nth < 16; ++nth) {
        CAPTURE(nth);
        engine_fixture f;
        f.add("a.example", {"nginx"});
        f.start();
        REQUIRE(f.until(state::waiting, "a.example"));
        const unsigned before = f.live_version("a.example");
        f.disk.fail_from(nth, errc::no_space);
        REQUIRE(f.engine->renew("a.example", true));
        f.time.advance(std::chrono::minutes(30));
        CHECK(f.live_version("a.example") >= before);
        f.disk.heal();
        f.time.advance(std::chrono::hours(3));
        CHECK(f.live_version("a.example") > before);
        CHECK(f.show("a.example").where == state::waiting);
        CHECK(f.ca.orders_created <= 3);
    }
}

TEST_CASE("what the CA returns is checked before it is stored") {
    const auto what =
        GENERATE(mischief::wrong_key, mischief::extra_name, mischief::no_names, mischief::expired,
                 mischief::future, mischief::is_ca, mischief::private_key, mischief::nul_name);
    CAPTURE(static_cast<int>(what));
    engine_fixture f;
    f.add("a.example", {"nginx"});
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    f.ca.what = what;
    REQUIRE(f.engine->renew("a.example", true));
    f.time.advance(std::chrono::seconds(30));
    CHECK(f.show("a.example").where == state::failing);
    CHECK(f.live_version("a.example") == 1);
    CHECK(f.servers.tasks.size() == 1);
    CHECK(f.show("a.example").problem.find("refused") != std::string::npos);
    f.ca.what = mischief::none;
    // Dates that do not fit our clock may be the clock's fault: that order is kept for two hours.
    const bool dates = what == mischief::expired || what == mischief::future;
    f.time.advance(dates ? std::chrono::minutes(240) : std::chrono::minutes(3));
    CHECK(f.live_version("a.example") == 2);
}

TEST_CASE("a refused deployment switches back and is retried without a new order") {
    engine_fixture f;
    f.add("a.example", {"nginx"});
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    const std::string first = f.show("a.example").live->fingerprint;
    f.servers.answers.push_back(fail(errc::refused, "nginx -t says no"));
    REQUIRE(f.engine->renew("a.example", true));
    REQUIRE(f.until(state::failing, "a.example"));
    CHECK(f.live_version("a.example") == 1);
    CHECK(f.show("a.example").deploy_problem.find("nginx -t") != std::string::npos);
    CHECK(f.servers.tasks.back().fingerprints == std::vector{first}); // the servers were told to go back
    CHECK(f.events.count("cert.switched_back") == 1);
    f.crash_and_restart();
    REQUIRE(f.until(state::waiting, "a.example"));
    CHECK(f.live_version("a.example") == 2);
    CHECK(f.ca.orders_created == 2);
}

TEST_CASE("an issuer that fails is left alone for all, and one failure is not counted for each") {
    engine_fixture f;
    for (int i = 0; i < 20; ++i) {
        f.add("host" + std::to_string(i) + ".example");
    }
    for (int i = 0; i < 3; ++i) {
        f.ca.account_failures.push_back(refused(acme::step::account, "externalAccountRequired", 403));
    }
    f.start();
    f.time.advance(std::chrono::hours(1));
    CHECK(f.ca.account_failures.size() == 2); // asked once for all twenty
    CHECK(f.events.count("issuer.paused") == 1);
    CHECK(f.ca.orders_created == 0);
    for (const auto& one : f.engine->list()) {
        CHECK(one.next_run > f.time.now());
        CHECK_FALSE(one.problem.empty());
    }
    f.ca.account_failures.clear();
    f.time.advance(std::chrono::hours(60));
    const auto all = f.engine->list();
    CHECK(std::all_of(all.begin(), all.end(), [](const auto& one) { return one.live.has_value(); }));
}

TEST_CASE("revoking ends the live certificate and replaces it") {
    engine_fixture f;
    f.add("a.example", {"nginx"});
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    result<void> outcome = fail(errc::internal, "not asked");
    auto ask = [&]() -> awaitable<void> { outcome = co_await f.engine->revoke("a.example", 1); };
    asio::co_spawn(f.loop, ask(), asio::detached);
    f.time.advance(std::chrono::minutes(1));
    REQUIRE(outcome);
    CHECK(f.ca.revoked.size() == 1);
    CHECK(f.live_version("a.example") == 2);
    CHECK_FALSE(f.show("a.example").live->revoked);
    CHECK(f.engine->renew("nobody.example", true).error().code == errc::not_found);
}

TEST_CASE("a revocation under way at a stop is ended with it, and whoever asked is told") {
    engine_fixture f;
    f.add("a.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    std::optional<result<void>> outcome;
    auto ask = [&]() -> awaitable<void> { outcome = co_await f.engine->revoke("a.example", std::nullopt); };
    asio::co_spawn(f.loop, ask(), asio::detached);
    f.time.run_ready();
    CHECK_FALSE(outcome);
    auto stopping = f.engine->stop(milliseconds(0));
    asio::co_spawn(f.loop, std::move(stopping), asio::detached);
    f.time.run_ready();
    REQUIRE(outcome);
    REQUIRE_FALSE(*outcome);
    CHECK(outcome->error().code == errc::cancelled);
    f.engine.reset();
}

TEST_CASE("jumps of the wall clock and a suspend do not stop renewals") {
    engine_fixture f;
    f.add("a.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    SECTION("slept for 75 days: renewed within a minute or two") {
        f.time.jump_wall(std::chrono::days(75));
        f.time.advance(std::chrono::minutes(2));
        CHECK(f.ca.orders_created == 2);
    }
    SECTION("an hour back: nothing happens, and the renewal still comes") {
        f.time.jump_wall(-std::chrono::hours(1));
        f.time.advance(std::chrono::hours(2));
        CHECK(f.ca.orders_created == 1);
        f.time.advance(std::chrono::days(63));
        CHECK(f.ca.orders_created == 2);
    }
    SECTION("thirty years back") {
        f.time.jump_wall(-std::chrono::days(365 * 30));
        f.time.advance(std::chrono::hours(24));
        CHECK(f.ca.orders_created == 1);
        f.time.jump_wall(std::chrono::days(365 * 30));
        f.time.advance(std::chrono::days(63));
        CHECK(f.ca.orders_created == 2);
    }
}

TEST_CASE("damaged files are noticed at the start and mended") {
    engine_fixture f;
    f.add("a.example");
    f.start();
    REQUIRE(f.until(state::waiting, "a.example"));
    f.stop();
    SECTION("the record is garbage: the live certificate stays") {
        f.disk.put("jobs/a.example.json", "{\"format\": 1, \"fail");
        f.start();
        f.time.advance(std::chrono::minutes(1));
        CHECK(f.ca.orders_created == 1);
        CHECK(f.events.count("store.trouble") == 1);
    }
    SECTION("the live key is garbage: a new certificate is made") {
        f.disk.put("certificates/a.example/versions/0001/privkey.pem", "junk");
        f.start();
        f.time.advance(std::chrono::minutes(1));
        CHECK(f.live_version("a.example") == 2);
        CHECK(f.events.count("store.trouble") == 1);
    }
    SECTION("the link is lost: the newest good version is live again") {
        f.disk.lose("live/a.example");
        f.start();
        f.time.advance(std::chrono::minutes(1));
        CHECK(f.live_version("a.example") == 1);
        CHECK(f.ca.orders_created == 1);
    }
    SECTION("the account key is lost: a new account, everything goes on") {
        f.disk.lose("accounts/ca/account.key");
        f.start();
        REQUIRE(f.engine->renew("a.example", true));
        f.time.advance(std::chrono::minutes(5));
        CHECK(f.live_version("a.example") == 2);
    }
}

TEST_CASE("stopping leaves what is under way resumable") {
    engine_fixture f;
    f.ca.takes = std::chrono::seconds(60);
    f.add("a.example");
    f.start();
    f.time.advance(std::chrono::seconds(10));
    CHECK(f.show("a.example").where == state::ordering);
    f.crash_and_restart();
    f.time.advance(std::chrono::minutes(2));
    CHECK(f.ca.orders_created == 1);
    CHECK(f.ca.orders_resumed == 1);
    CHECK(f.live_version("a.example") == 1);
}

TEST_CASE("an order that the CA forgot while we were away is replaced without a failure") {
    engine_fixture f;
    f.ca.takes = std::chrono::seconds(60);
    f.add("a.example");
    f.start();
    f.time.advance(std::chrono::seconds(10));
    acme::failure gone(acme::step::order, error(errc::protocol, "no such order"));
    gone.http_status = 404;
    f.stop();
    f.ca.failures.push_back(gone);
    f.start();
    f.time.advance(std::chrono::minutes(3));
    CHECK(f.live_version("a.example") == 1);
    CHECK(f.ca.orders_created == 2);
    CHECK(f.events.count("cert.order_failed") == 0);
    CHECK(f.events.count("cert.order_gone") == 1);
}
