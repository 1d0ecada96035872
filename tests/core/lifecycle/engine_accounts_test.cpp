// What the engine does by itself about accounts and about what CAs say of renewing, beside orders.
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

constexpr auto key_file = "accounts/ca/account.key";

/// A disk whose account key cannot be read for a while.
struct moody_disk {
    struct : memory_store {
        bool unreadable = false;
        result<std::optional<std::string>> read(std::string_view path,
                                                std::size_t limit = 1024 * 1024) const override {
            return unreadable && path == key_file ? fail(errc::io, "a bad sector")
                                                  : memory_store::read(path, limit);
        }
    } disk;
};

struct moody_fixture : moody_disk, engine_on_disk {
    scripted_issuing ca;

    moody_fixture() : engine_on_disk(disk) {
        make_client = [this](const issuer&) -> result<std::unique_ptr<acme::client>> {
            return std::make_unique<scripted_client>(ca, time);
        };
        plan.issuers.at("ca").contacts = {"ops@example.com"};
        add("a.example");
        start();
        REQUIRE(until(state::waiting, "a.example"));
    }
    ~moody_fixture() { stop(); }

    bool renewed(unsigned version) {
        REQUIRE(engine->renew("a.example", true));
        time.advance(std::chrono::minutes(1));
        return live_version("a.example") == version;
    }
};

} // namespace

TEST_CASE("changed contacts are told when they change, once, and not at the next order") {
    moody_fixture f;
    f.engine->assign(f.plan);
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.ca.contacts_updated == 0);
    f.plan.issuers.at("ca").contacts = {"new@example.com"};
    SECTION("by a reload") {
        f.engine->assign(f.plan);
    }
    SECTION("while we were not running") {
        f.crash_and_restart();
    }
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.ca.contacts_updated == 1);
    CHECK(f.ca.orders_created == 1);
    f.crash_and_restart();
    f.time.advance(std::chrono::minutes(1));
    CHECK(f.renewed(2));
    CHECK(f.ca.contacts_updated == 1);
    CHECK(f.ca.accounts_opened == 1);
}

TEST_CASE("without its key an account is given up and a new one is made") {
    moody_fixture f;
    f.stop();
    SECTION("the key is gone") {
        f.disk.lose(key_file);
        f.start();
        CHECK(f.renewed(2));
        CHECK(f.events.count("account.key_lost") == 1);
    }
    SECTION("the key is garbled") {
        f.disk.put(key_file, "nonsense");
        f.start();
        CHECK(f.renewed(2));
        CHECK(f.events.count("account.key_unusable") == 1);
        CHECK(f.disk.read("accounts/ca/account.key.1")->value_or("") == "nonsense");
    }
    // The old account's URL with the new key would be refused by every CA.
    CHECK(f.ca.accounts_opened == 2);
    CHECK(f.disk.read("accounts/ca/account.json.1")->has_value());
    f.crash_and_restart();
    CHECK(f.renewed(3));
    CHECK(f.ca.accounts_opened == 2);
}

TEST_CASE("an account whose key cannot be read for a moment is not given up") {
    moody_fixture f;
    f.stop();
    f.disk.unreadable = true;
    f.start();
    CHECK_FALSE(f.renewed(2));
    f.disk.unreadable = false;
    CHECK(f.renewed(2));
    CHECK(f.ca.accounts_opened == 1);
    CHECK(f.events.count("account.key_unusable") == 0);
}

TEST_CASE("renewal information that cannot be had is said, aloud once for all certificates") {
    engine_fixture f;
    f.ca.windows["of another"]; // so that the directory has it, and each question of ours fails
    for (int i = 0; i < 5; ++i) {
        f.add("host" + std::to_string(i) + ".example");
    }
    f.start();
    f.time.advance(std::chrono::minutes(5));
    CHECK(f.events.count("cert.renewal_info_missed") == 5);
    const auto aloud = std::ranges::count_if(f.events.all, [](const event& e) {
        return e.id == "cert.renewal_info_missed" && e.level == severity::warning;
    });
    CHECK(aloud == 1);
    for (const auto& one : f.engine->list()) {
        CHECK(one.next_cause == cause::lifetime);
    }
}

TEST_CASE("a CA without renewal information is no trouble") {
    engine_fixture f;
    f.add("a.example");
    f.start();
    f.time.advance(std::chrono::minutes(5));
    CHECK(f.ca.windows_asked > 0);
    CHECK(f.events.count("cert.renewal_info_missed") == 0);
}

TEST_CASE("accounts are listed of all issuers that certificates are to come from, used already or not") {
    engine_fixture f;
    issuer spare = f.plan.issuers.at("ca");
    for (const char* name : {"second", "nobody's"}) {
        spare.name = name;
        f.plan.issuers.emplace(name, spare);
    }
    for (const char* name : {"a.example", "b.example"}) {
        f.add(name, {}, [](issuance_policy& policy) { policy.issuers = {"ca", "second"}; });
    }
    f.start();
    REQUIRE(f.until(state::waiting, "b.example"));
    std::vector<account_status> all;
    auto ask = [&]() -> awaitable<void> { all = co_await f.engine->accounts(); };
    asio::co_spawn(f.loop, ask(), asio::detached);
    f.time.run_ready();
    REQUIRE(all.size() == 2);
    CHECK(all[0].issuer == "ca");
    CHECK(!all[0].url.empty());
    CHECK(all[1].issuer == "second");
    CHECK(all[1].url.empty());
    CHECK(all[1].configured);
}
