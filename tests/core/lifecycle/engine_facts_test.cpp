// What the engine tells of issuers and of our accounts there.
#include "tests/core/lifecycle/engine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;

namespace {

struct facts_fixture : engine_fixture {
    facts_fixture() {
        issuer spare = plan.issuers.at("ca");
        spare.name = "second";
        plan.issuers.emplace("second", spare);
        ca.described.caa_identities = {"ca.example", "authority.example"};
        add("a.example", {}, [](issuance_policy& policy) { policy.issuers = {"ca", "second"}; });
        start();
        REQUIRE(until(state::waiting, "a.example"));
    }
    ~facts_fixture() { stop(); }

    result<std::vector<issuer_facts>> ask(std::string name) {
        result<std::vector<issuer_facts>> told = fail(errc::internal, "no answer");
        auto asking = [&](std::string certificate) -> awaitable<void> {
            told = co_await engine->facts(std::move(certificate));
        };
        asio::co_spawn(loop, asking(std::move(name)), asio::detached);
        time.advance(seconds(1));
        return told;
    }
};

} // namespace

TEST_CASE("the facts of a certificate's issuers come in its order of preference, accounts opened") {
    facts_fixture f;
    CHECK(f.ca.accounts_opened == 1);
    f.ca.described.account_hash_prefix = "https://ca.example/h/";
    const auto told = f.ask("a.example");
    REQUIRE(told);
    REQUIRE(told->size() == 2);
    CHECK(told->at(0).issuer == "ca");
    CHECK(told->at(1).issuer == "second");
    for (const issuer_facts& one : *told) {
        CHECK(one.account_url == "https://ca.example/account/1");
        CHECK(one.thumbprint.size() == 43);
        CHECK(one.caa_identities == std::vector<std::string>{"ca.example", "authority.example"});
        CHECK(one.issuer_domains == one.caa_identities);
        CHECK(one.account_hash_prefix == "https://ca.example/h/");
        CHECK(one.trouble.empty());
    }
    CHECK(told->at(0).thumbprint != told->at(1).thumbprint);
    // The second issuer had no account until somebody asked, and has no other afterwards.
    CHECK(f.ca.accounts_opened == 2);
    CHECK(f.ask("a.example")->at(1).thumbprint == told->at(1).thumbprint);
    CHECK(f.ca.accounts_opened == 2);
    f.ca.described.issuer_domains = {"persist.example"};
    CHECK(f.ask("a.example")->at(0).issuer_domains == std::vector<std::string>{"persist.example"});
}

TEST_CASE("an issuer that cannot be asked says why, and the others are told all the same") {
    facts_fixture f;
    const acme::failure down(acme::step::account, error(errc::network, "nobody listens"));
    SECTION("it takes no account") {
        f.ca.account_failures.push_back(down);
        const auto told = f.ask("a.example");
        REQUIRE(told);
        CHECK(told->at(0).trouble.empty());
        CHECK(told->at(1).trouble.find("nobody listens") != std::string::npos);
        CHECK(told->at(1).account_url.empty());
        CHECK(told->at(1).thumbprint.empty());
        CHECK(told->at(1).issuer_domains.size() == 2);
        CHECK(f.ask("a.example")->at(1).trouble.empty());
    }
    SECTION("its directory cannot be read") {
        f.ca.describe_failures.push_back(down);
        const auto told = f.ask("a.example");
        REQUIRE(told);
        CHECK(told->at(0).trouble.find("nobody listens") != std::string::npos);
        CHECK(told->at(0).account_url == "https://ca.example/account/1");
        CHECK(told->at(0).caa_identities.empty());
        CHECK(told->at(1).trouble.empty());
    }
}

TEST_CASE("there are no facts for a certificate that nobody knows") {
    facts_fixture f;
    const auto told = f.ask("b.example");
    REQUIRE(!told);
    CHECK(told.error().code == errc::not_found);
}
