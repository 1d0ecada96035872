// The whole conversation when nothing goes wrong, request by request.
#include "core/crypto/certificate.hpp"
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

using lines = std::vector<std::string>;

TEST_CASE("one name is issued in the fewest requests") {
    acme_fixture f;
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE(got);
    CHECK(f.ca.log == lines{"GET /directory", "HEAD /new-nonce", "POST /new-account", "POST /new-account",
                            "POST /new-order", "POST /authz/0", "POST /challenge/0", "POST /authz/0",
                            "POST /finalize/0", "POST /order/0", "POST /cert/0"});
    lines purposes;
    for (const auto& request : f.ca.requests) {
        purposes.push_back(request.purpose);
    }
    CHECK(purposes == lines{"directory", "nonce", "account", "account", "new_order", "authorization",
                            "challenge", "authorization", "finalize", "order", "certificate"});
    CHECK(got->order_url == "https://ca.example/order/0");
    CHECK(f.stored_orders == lines{"https://ca.example/order/0"});
    const auto chain = crypto::parse_pem_chain(got->chain_pem);
    REQUIRE(chain);
    CHECK(chain->front().names().value() == names({"a.example.com"}));
    CHECK(f.answers.presented == 1);
    CHECK(f.answers.cleaned == 1);
    CHECK(f.answers.served.empty());
    CHECK(f.events.count("acme.account_registered") == 1);
    CHECK(f.events.count("acme.order_created") == 1);
    CHECK(f.events.count("acme.challenge_fetched") == 3);
    CHECK(f.events.last("acme.order_created")->certificate == "example");
}

TEST_CASE("a fetch makes the poll come at once, and several fetches make one") {
    acme_fixture f;
    REQUIRE(f.open_account());
    const auto begun = f.time.steady_now();
    REQUIRE(f.issue(names({"a.example.com"})));
    // 2 ms after the fetches, and 5 ms after finalize.
    CHECK(f.time.steady_now() - begun == milliseconds(7));
}

TEST_CASE("without a fetch seen the ladder starts at 250 ms") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.answers.silent = true;
    const auto begun = f.time.steady_now();
    REQUIRE(f.issue(names({"a.example.com"})));
    CHECK(f.time.steady_now() - begun == milliseconds(255));
}

TEST_CASE("Retry-After of an authorization does not hold up the poll after a fetch") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.authorization_retry_after = "30";
    SECTION("fetches are seen") {
        const auto begun = f.time.steady_now();
        REQUIRE(f.issue(names({"a.example.com"})));
        CHECK(f.time.steady_now() - begun == milliseconds(7));
    }
    SECTION("none is seen and the first poll is too early") {
        f.answers.silent = true;
        f.ca.polls_until_valid = 1;
        const auto begun = f.time.steady_now();
        REQUIRE(f.issue(names({"a.example.com"})));
        CHECK(f.time.steady_now() - begun == milliseconds(250 + 30000 + 5));
    }
}

TEST_CASE("Retry-After of a processing order is honoured within 1 s and 1 h") {
    acme_fixture f;
    REQUIRE(f.open_account());
    auto request = f.request_for(names({"a.example.com"}));
    request.patience = std::chrono::hours(2);
    request.processing_patience = request.patience;
    const auto took = [&](const char* header) {
        f.ca.order_retry_after = header;
        const auto begun = f.time.steady_now();
        REQUIRE(f.run(f.acme->issue(request)));
        return std::chrono::duration_cast<milliseconds>(f.time.steady_now() - begun) - milliseconds(2);
    };
    CHECK(took("3") == seconds(3));
    CHECK(took("0") == milliseconds(5));
    CHECK(took("") == milliseconds(5));
    CHECK(took("-5") == milliseconds(5));
    CHECK(took("1000000000000000000") == std::chrono::hours(1));
    CHECK(took("Sat, 21 Nov 2026 00:00:01 GMT") == milliseconds(5));
    CHECK(took("Wed, 01 Jan 2098 00:00:00 GMT") == std::chrono::hours(1));
}

TEST_CASE("an order that takes longer than our patience is kept") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.never_signs = true;
    SECTION("by the ladder") {
        const auto begun = f.time.steady_now();
        const auto got = f.issue(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::timed_out);
        CHECK(got.error().where == step::order);
        CHECK_FALSE(order_lost(got.error()));
        CHECK(f.time.steady_now() - begun <= std::chrono::minutes(5));
        CHECK(f.ca.count("POST /order/0") < 80);
    }
    SECTION("a Retry-After beyond it is passed on, not waited for") {
        f.ca.order_retry_after = "86400";
        const auto begun = f.time.steady_now();
        const auto got = f.issue(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::timed_out);
        CHECK(got.error().retry_after == std::chrono::hours(1));
        CHECK(f.time.steady_now() - begun < seconds(1));
    }
    // The next try finds it where it is.
    f.ca.never_signs = false;
    f.ca.order_retry_after.clear();
    auto again = f.request_for(names({"a.example.com"}));
    again.order_url = f.stored_orders.at(0);
    f.ca.log.clear();
    const auto done = f.run(f.acme->issue(std::move(again)));
    REQUIRE(done);
    CHECK(f.ca.log == lines{"POST /order/0", "POST /cert/0"});
    CHECK(f.events.count("acme.order_resumed") == 1);
    CHECK(f.stored_orders.size() == 1);
}

TEST_CASE("authorizations of an order are proven in parallel, at most 16 at once") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.latency = milliseconds(10);
    std::vector<identifier> many;
    for (int i = 0; i < 40; ++i) {
        many.push_back(parse_identifier("n" + std::to_string(i) + ".example.com").value());
    }
    const auto begun = f.time.steady_now();
    const auto got = f.issue(many);
    REQUIRE(got);
    CHECK(f.answers.most_served == 16);
    CHECK(f.answers.presented == 40);
    CHECK(f.answers.served.empty());
    CHECK(f.time.steady_now() - begun < milliseconds(400));
}

TEST_CASE("a wildcard and its base are two authorizations at one name") {
    acme_fixture f;
    const auto got = f.all(names({"example.com", "*.example.com"}));
    REQUIRE(got);
    CHECK(f.answers.presented == 2);
}

TEST_CASE("where caches remember, nothing is asked for at a place before all is there") {
    acme_fixture f;
    std::vector<identifier> all;
    const auto add = [&](const std::string& name) { all.push_back(parse_identifier(name).value()); };
    std::size_t early = 0;
    f.answers.slower = milliseconds(7);
    f.answers.is_remembered = true;
    f.ca.before = [&](const ca_request& asked) -> std::optional<result<http_response>> {
        constexpr std::string_view challenge = "/challenge/";
        if (asked.path.starts_with(challenge)) {
            const auto number = std::stoul(asked.path.substr(challenge.size()));
            const std::string base = f.ca.authorizations.at(number).name.base();
            for (const identifier& name : all) {
                early += name.base() == base && !f.answers.ready.contains(name.value) ? 1 : 0;
            }
        }
        return std::nullopt;
    };
    SECTION("a name and its wildcard") {
        add("example.com");
        add("*.example.com");
        REQUIRE(f.all(all));
        CHECK(early == 0);
    }
    SECTION("caches do not remember, and it is told") {
        f.answers.is_remembered = false;
        add("example.com");
        add("*.example.com");
        REQUIRE(f.all(all));
        CHECK(early == 1);
    }
    SECTION("more of them than are worked on at once, the wildcards last") {
        for (const char* before : {"", "*."}) {
            for (int i = 0; i < 40; ++i) {
                add(before + ("n" + std::to_string(i)) + ".example.com");
            }
        }
        REQUIRE(f.all(all));
        CHECK(early == 0);
        CHECK(f.answers.presented == 80);
        CHECK(f.answers.served.empty());
    }
    SECTION("one that is never ready ends the other, and both are cleaned up") {
        add("example.com");
        add("*.example.com");
        f.answers.slower = std::chrono::hours(2);
        const auto got = f.all(all);
        REQUIRE(!got);
        CHECK(got.error().cause.code == errc::timed_out);
        CHECK(f.ca.count("POST /challenge/0") + f.ca.count("POST /challenge/1") == 0);
        CHECK(f.answers.served.empty());
    }
}

TEST_CASE("what is valid already is not proven again") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.log.clear();
    SECTION("the authorizations: the order is born ready") {
        f.ca.born_valid = true;
        REQUIRE(f.issue(names({"a.example.com", "b.example.com"})));
        CHECK(f.answers.presented == 0);
        CHECK(f.ca.log == lines{"POST /new-order", "POST /finalize/0", "POST /order/0", "POST /cert/0"});
    }
    SECTION("one challenge, at the answer to the trigger") {
        f.ca.valid_at_once = true;
        REQUIRE(f.issue(names({"a.example.com"})));
        CHECK(f.ca.count("POST /authz/0") == 1);
    }
    SECTION("the order, at the answer to finalize") {
        f.ca.processing_polls = 0;
        REQUIRE(f.issue(names({"a.example.com"})));
        CHECK(f.ca.count("POST /order/0") == 0);
    }
}

TEST_CASE("32 orders at once share the directory and the nonces") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.renew_client();
    f.acme->use_account(test_key(), "https://ca.example/account/1");
    f.ca.log.clear();
    f.ca.latency = milliseconds(10);
    std::size_t good = 0;
    std::size_t ended = 0;
    for (int i = 0; i < 32; ++i) {
        auto request = f.request_for({parse_identifier("n" + std::to_string(i) + ".example.com").value()});
        asio::co_spawn(f.loop, f.acme->issue(std::move(request)),
                       [&](std::exception_ptr e, outcome<issued> got) {
                           ++ended;
                           good += !e && got ? 1 : 0;
                       });
    }
    CHECK(f.time.run_until([&] { return ended == 32; }, seconds(10)));
    CHECK(good == 32);
    CHECK(f.ca.count("GET /directory") == 1);
    CHECK(f.ca.count("HEAD /new-nonce") <= 32);
    CHECK(f.ca.count("POST /new-order") == 32);
    CHECK(f.events.count("acme.bad_nonce") == 0);
}
