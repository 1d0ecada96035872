// Profiles (draft-ietf-acme-profiles): what was asked for, or a failure that says so.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

struct profile_fixture : acme_fixture {
    profile_fixture() {
        ca.profiles = {"classic", "tlsserver"};
        REQUIRE(open_account());
    }
    issuance asking(std::string profile) {
        auto request = request_for(names({"a.example.com"}));
        request.profile = std::move(profile);
        return request;
    }
    outcome<issued> issue_with(std::string profile) { return run(acme->issue(asking(std::move(profile)))); }
    /// The CA says this about the profile of its orders, as raw JSON.
    void echo(std::string raw) {
        ca.after = [raw = std::move(raw)](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/new-order" || r.path.starts_with("/order/")) {
                a.body = with_member(a.body, "profile", raw);
            }
            return a;
        };
    }
    [[nodiscard]] std::string order_payload() const {
        std::string last;
        for (const auto& request : ca.requests) {
            last = request.path == "/new-order" ? request.payload : last;
        }
        return last;
    }
};

} // namespace

TEST_CASE("a listed profile is asked for, and no profile is left to the CA") {
    profile_fixture f;
    REQUIRE(f.issue_with("tlsserver"));
    CHECK(f.ca.orders.at(0).profile == "tlsserver");
    CHECK(f.order_payload() ==
          R"({"identifiers":[{"type":"dns","value":"a.example.com"}],"profile":"tlsserver"})");
    REQUIRE(f.issue_with("")); // the CA says "classic" then
    CHECK(f.order_payload() == R"({"identifiers":[{"type":"dns","value":"a.example.com"}]})");
    CHECK(f.ca.count("GET /directory") == 1);
}

TEST_CASE("a profile that the directory does not list is not asked for, and nothing else is instead") {
    profile_fixture f;
    const auto got = f.issue_with("shortlived");
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::new_order);
    CHECK(got.error().cause.code == errc::invalid_argument);
    CHECK(got.error().profile_missing);
    CHECK(got.error().cause.message ==
          "issuer scripted does not offer the profile 'shortlived'; it offers 'classic', 'tlsserver'");
    CHECK_FALSE(order_lost(got.error()));
    CHECK(f.ca.count("POST /new-order") == 0);
    CHECK(f.ca.count("GET /directory") == 2); // it might have been stale
    SECTION("names that differ in case are other names") {
        CHECK_FALSE(f.issue_with("TLSserver"));
    }
    SECTION("a CA without profiles") {
        f.ca.profiles.clear();
        const auto none = f.issue_with("shortlived");
        REQUIRE_FALSE(none);
        CHECK(none.error().cause.message.ends_with("'shortlived'; it offers none"));
        CHECK(f.ca.count("GET /directory") == 3);
    }
}

TEST_CASE("a profile that is new at the CA is found") {
    profile_fixture f;
    f.ca.profiles.push_back("shortlived");
    REQUIRE(f.issue_with("shortlived"));
    CHECK(f.ca.orders.at(0).profile == "shortlived");
    CHECK(f.ca.count("GET /directory") == 2);
}

TEST_CASE("a directory that has just been fetched is not fetched again for its profiles") {
    profile_fixture f;
    f.renew_client();
    f.acme->use_account(test_key(), "https://ca.example/account/1");
    f.ca.log.clear();
    CHECK_FALSE(f.issue_with("shortlived"));
    CHECK(f.ca.log == std::vector<std::string>{"GET /directory"});
}

TEST_CASE("many orders for a missing profile have the directory fetched once") {
    profile_fixture f;
    f.ca.latency = milliseconds(20);
    f.ca.log.clear();
    std::size_t missing = 0;
    std::size_t ended = 0;
    for (int i = 0; i < 20; ++i) {
        auto on_end = [&](std::exception_ptr, const outcome<issued>& got) {
            ++ended;
            missing += !got && got.error().profile_missing ? 1U : 0U;
        };
        asio::co_spawn(f.loop, f.acme->issue(f.asking("shortlived")), on_end);
    }
    REQUIRE(f.time.run_until([&] { return ended == 20; }, std::chrono::hours(1)));
    CHECK(missing == 20);
    CHECK(f.ca.log == std::vector<std::string>{"GET /directory"});
}

TEST_CASE("a directory that cannot be fetched anew says nothing about profiles") {
    profile_fixture f;
    f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
        return r.path == "/directory"
                   ? std::optional(result<http_response>(fail(errc::network, "connection refused")))
                   : std::nullopt;
    };
    const auto got = f.issue_with("shortlived");
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::directory);
    CHECK_FALSE(got.error().profile_missing);
}

TEST_CASE("names of profiles are a CA's text") {
    profile_fixture f;
    f.ca.profiles = {"\x1b[31mred\nsecond line", std::string(5000, 'A'), "it's", "quo\"te"};
    for (int i = 0; i < 5000; ++i) {
        f.ca.profiles.push_back("p" + std::to_string(i));
    }
    const auto got = f.issue_with("shortlived");
    REQUIRE_FALSE(got);
    CHECK(got.error().profile_missing);
    for (const char c : got.error().cause.message) {
        CHECK((c >= ' ' && c < '\x7f'));
    }
    CHECK(got.error().cause.message.size() < 2000);
    CHECK(got.error().cause.message.ends_with(" and 4988 more"));
}

TEST_CASE("a profile that the CA has withdrawn since is said to be missing, at each step") {
    profile_fixture f;
    SECTION("at the new order") {
        f.ca.profiles = {"classic"};
        const auto got = f.issue_with("tlsserver");
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::new_order);
        CHECK(got.error().profile_missing);
        REQUIRE(got.error().said);
        CHECK(got.error().said->is("invalidProfile"));
        CHECK(f.ca.count("POST /new-order") == 1);
        CHECK(f.ca.count("GET /directory") == 1);
        // The next try sees the new list.
        const auto again = f.issue_with("tlsserver");
        REQUIRE_FALSE(again);
        CHECK(again.error().cause.message.ends_with("it offers 'classic'"));
        CHECK(f.ca.count("POST /new-order") == 1);
        CHECK(f.ca.count("GET /directory") == 2);
        CHECK(f.issue_with("classic"));
    }
    SECTION("at the finalization, which ends the order") {
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path.starts_with("/finalize/")
                       ? std::optional(result<http_response>(scripted_ca::problem(400, "invalidProfile")))
                       : std::nullopt;
        };
        const auto got = f.issue_with("tlsserver");
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::finalize);
        CHECK(got.error().profile_missing);
        CHECK(order_lost(got.error()));
        f.ca.before = nullptr;
        CHECK(f.issue_with("tlsserver"));
        CHECK(f.ca.count("GET /directory") == 2);
    }
    SECTION("a CA that has trouble with its own default") {
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/new-order"
                       ? std::optional(result<http_response>(scripted_ca::problem(400, "invalidProfile")))
                       : std::nullopt;
        };
        const auto got = f.issue_with("");
        REQUIRE_FALSE(got);
        CHECK_FALSE(got.error().profile_missing); // none was asked for
    }
}

TEST_CASE("an order with another profile than was asked for is refused and forgotten") {
    profile_fixture f;
    f.echo("\"classic\"");
    const auto got = f.issue_with("tlsserver");
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.code == errc::refused);
    CHECK(got.error().profile_missing);
    CHECK(order_lost(got.error()));
    CHECK(got.error().cause.message.find("'tlsserver'") != std::string::npos);
    CHECK(got.error().cause.foreign == "classic");
    CHECK(f.answers.presented == 0);
    CHECK(f.ca.count("POST /finalize/0") == 0);
}

TEST_CASE("an order that says nothing usable about its profile is taken") {
    for (const std::string raw : {"", "null", "\"\"", "7", "{}", "[\"classic\"]", "true"}) {
        CAPTURE(raw);
        profile_fixture f;
        f.echo(raw);
        CHECK(f.issue_with("tlsserver"));
    }
    profile_fixture f;
    f.echo("\"" + std::string(100'000, 'A') + "\"");
    CHECK_FALSE(f.issue_with("tlsserver"));
    CHECK(f.issue_with("")); // then it may be anything
}

TEST_CASE("a resumed order is not asked for again, and keeps its profile") {
    profile_fixture f;
    f.ca.never_signs = true;
    REQUIRE_FALSE(f.issue_with("tlsserver"));
    f.ca.never_signs = false;
    f.ca.profiles = {"classic"}; // withdrawn while the order was under way
    f.ca.renewal_info_path = "/renewal-info";
    f.renew_client();
    REQUIRE(f.open_account());
    auto request = f.asking("tlsserver");
    request.order_url = f.stored_orders.at(0);
    request.replaces = "YQ.AQ";
    SECTION("with the profile that it has") {
        CHECK(f.run(f.acme->issue(request)));
    }
    SECTION("when another is wanted now") {
        request.profile = "classic";
        const auto got = f.run(f.acme->issue(request));
        REQUIRE_FALSE(got);
        CHECK(order_lost(got.error()));
        request.order_url.clear();
        request.replaces.clear();
        f.ca.before = nullptr;
        CHECK(f.ca.count("POST /new-order") == 1);
        CHECK(f.run(f.acme->issue(request)));
        return;
    }
    CHECK(f.ca.count("POST /new-order") == 1);
}
