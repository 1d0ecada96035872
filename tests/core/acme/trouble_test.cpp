// What becomes of orders, challenges and neighbours when something fails.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

TEST_CASE("one unreachable name fails the order, stops the others and frees them at the CA") {
    acme_fixture f;
    f.ca.unreachable = {"b.example.com"};
    f.ca.polls_until_valid = 3; // the others are still pending then
    f.ca.fetches = 0;
    f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
        if (request.path == "/challenge/1") {
            f.ca.authorizations[1].status = f.ca.authorizations[1].challenge_status = "invalid";
        }
        return normal;
    };
    const auto got = f.all(names({"a.example.com", "b.example.com", "c.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::challenge);
    CHECK(got.error().cause.code == errc::refused);
    REQUIRE(got.error().name);
    CHECK(got.error().name->value == "b.example.com");
    REQUIRE(got.error().said);
    CHECK(got.error().said->is("connection"));
    CHECK(order_lost(got.error()));
    CHECK(f.answers.served.empty());
    CHECK(f.answers.cleaned == 3);
    CHECK(f.ca.authorizations[0].status == "deactivated");
    CHECK(f.ca.authorizations[1].status == "invalid");
    CHECK(f.ca.authorizations[2].status == "deactivated");
}

TEST_CASE("a solver that cannot answer keeps the order") {
    acme_fixture f;
    f.answers.refuse = true;
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::challenge);
    CHECK(got.error().cause.code == errc::busy);
    CHECK_FALSE(order_lost(got.error()));
    CHECK(f.answers.cleaned == 1);
    CHECK(f.ca.count("POST /challenge/0") == 0);
    CHECK(f.ca.authorizations.at(0).status == "pending");
}

TEST_CASE("an order whose URL cannot be stored is not worked on") {
    acme_fixture f;
    f.store_trouble = error(errc::no_space, "disk full");
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.code == errc::no_space);
    CHECK(f.ca.log.back() == "POST /new-order");
}

TEST_CASE("an authorization that is never decided runs out of patience and is cleaned up") {
    acme_fixture f;
    f.ca.never_validates = true;
    const auto begun = f.time.steady_now();
    const auto got = f.all(names({"a.example.com", "b.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.code == errc::timed_out);
    CHECK(got.error().where == step::authorization);
    CHECK(got.error().name);
    CHECK_FALSE(order_lost(got.error()));
    CHECK(f.answers.served.empty());
    CHECK(f.time.steady_now() - begun == std::chrono::minutes(5));
    CHECK(f.ca.count("POST /authz/0") < 80);
    CHECK(f.ca.authorizations[0].status == "pending");
}

TEST_CASE("patience ends a solver's slow part too") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.answers.slowness = std::chrono::minutes(20);
    const auto got = f.issue(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.code == errc::timed_out);
    CHECK(f.answers.cleaned == 1); // slow as it is
}

TEST_CASE("a cancelled issuance takes its answers down before it ends") {
    // At every moment at which something is under way.
    for (int ms = 0; ms < 120; ms += 3) {
        CAPTURE(ms);
        acme_fixture f;
        REQUIRE(f.open_account());
        f.ca.latency = milliseconds(10);
        f.answers.slowness = milliseconds(5);
        asio::cancellation_signal stop;
        bool ended = false;
        bool aborted = false;
        auto on_end = [&](std::exception_ptr e, const outcome<issued>& got) {
            ended = true;
            aborted = e != nullptr;
            CHECK((aborted || got.has_value()));
        };
        asio::co_spawn(f.loop, f.acme->issue(f.request_for(names({"a.example.com", "b.example.com"}))),
                       asio::bind_cancellation_slot(stop.slot(), std::move(on_end)));
        f.time.advance(milliseconds(ms));
        const bool before = ended;
        stop.emit(asio::cancellation_type::all);
        f.time.advance(milliseconds(50));
        CHECK(ended);
        CHECK(aborted == !before);
        CHECK(f.answers.served.empty());
        CHECK(f.answers.presented == f.answers.cleaned);
    }
}

TEST_CASE("cancelling one order does not hold up those that wait for what it was fetching") {
    acme_fixture f;
    f.acme->use_account(test_key(), "https://ca.example/account/1");
    f.ca.latency = milliseconds(10);
    asio::cancellation_signal stop;
    bool first_ended = false;
    std::size_t others = 0;
    asio::co_spawn(f.loop, f.acme->issue(f.request_for(names({"a.example.com"}))),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr, const outcome<issued>&) { first_ended = true; }));
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(f.loop, f.acme->issue(f.request_for(names({"b.example.com"}))),
                       [&](std::exception_ptr, const outcome<issued>&) { ++others; });
    }
    f.time.advance(milliseconds(5)); // the first is fetching the directory
    stop.emit(asio::cancellation_type::terminal);
    f.time.advance(seconds(2));
    CHECK(first_ended);
    CHECK(others == 3);
    CHECK(f.ca.count("GET /directory") == 2);
}

TEST_CASE("an invalid order without a reason is explained by its authorizations") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.never_signs = true;
    REQUIRE_FALSE(f.issue(names({"a.example.com"})));
    f.ca.orders[0].status = "invalid";
    f.ca.authorizations[0].status = f.ca.authorizations[0].challenge_status = "invalid";
    auto request = f.request_for(names({"a.example.com"}));
    request.order_url = f.stored_orders.at(0);
    const auto got = f.run(f.acme->issue(std::move(request)));
    REQUIRE_FALSE(got);
    CHECK(order_lost(got.error()));
    REQUIRE(got.error().said);
    CHECK(got.error().said->is("connection"));
    CHECK(got.error().name->value == "a.example.com");
}

TEST_CASE("a key type whose signatures the CA does not take") {
    acme_fixture f;
    f.acme->use_account(crypto::key::generate(key_type::ecdsa_p384).value(), "");
    const auto url = f.open_account();
    REQUIRE_FALSE(url);
    CHECK(url.error().cause.message.find("ES384") != std::string::npos);
    CHECK(url.error().cause.message.find("account_key") != std::string::npos);
}

TEST_CASE("the directory is asked again after a day, and after a 404 at one of its URLs") {
    acme_fixture f;
    REQUIRE(f.open_account());
    REQUIRE(f.issue(names({"a.example.com"})));
    CHECK(f.ca.count("GET /directory") == 1);
    SECTION("a day") {
        f.time.advance(std::chrono::hours(25));
        REQUIRE(f.issue(names({"a.example.com"})));
    }
    SECTION("404") {
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/new-order"
                       ? std::optional(result<http_response>(scripted_ca::problem(404, "malformed")))
                       : std::nullopt;
        };
        REQUIRE_FALSE(f.issue(names({"a.example.com"})));
        f.ca.before = nullptr;
        REQUIRE(f.issue(names({"a.example.com"})));
    }
    CHECK(f.ca.count("GET /directory") == 2);
}

TEST_CASE("preferred chains") {
    acme_fixture f;
    REQUIRE(f.open_account());
    auto request = f.request_for(names({"a.example.com"}));
    const auto& pki = f.ca.pki();
    SECTION("the default fits: no alternate is fetched") {
        f.ca.alternates = 3;
        request.preferred_chain = pki.root().own().subject_common_name();
        REQUIRE(f.run(f.acme->issue(std::move(request))));
        CHECK(f.ca.count("POST /alternate/0") == 0);
    }
    SECTION("an alternate fits, by name") {
        f.ca.alternates = 1;
        request.preferred_chain = pki.upper().own().subject_common_name();
        const auto got = f.run(f.acme->issue(std::move(request)));
        REQUIRE(got);
        CHECK(crypto::parse_pem_chain(got->chain_pem)->size() == 2);
    }
    SECTION("an alternate fits, by fingerprint with colons") {
        f.ca.alternates = 1;
        std::string spelled;
        const std::string hex = pki.issuing().own().fingerprint();
        for (std::size_t i = 0; i < hex.size(); i += 2) {
            spelled += (i == 0 ? "" : ":") + hex.substr(i, 2);
        }
        request.preferred_chain = spelled;
        const auto got = f.run(f.acme->issue(std::move(request)));
        REQUIRE(got);
        CHECK(crypto::parse_pem_chain(got->chain_pem)->size() == 2);
    }
    SECTION("none fits: the default and a warning, after at most ten") {
        f.ca.alternates = 40;
        request.preferred_chain = "Nobody's Root";
        const auto got = f.run(f.acme->issue(std::move(request)));
        REQUIRE(got);
        CHECK(crypto::parse_pem_chain(got->chain_pem)->size() == 3);
        CHECK(f.ca.count("POST /alternate/0") == 10);
        REQUIRE(f.events.last("acme.preferred_chain_missing") != nullptr);
        CHECK(f.events.last("acme.preferred_chain_missing")->level == severity::warning);
    }
    SECTION("not asked for: alternates are left alone") {
        f.ca.alternates = 3;
        REQUIRE(f.run(f.acme->issue(std::move(request))));
        CHECK(f.ca.count("POST /alternate/0") == 0);
    }
}
