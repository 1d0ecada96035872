// Opening and losing accounts (RFC 8555 section 7.3).
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

std::string new_account_payload(const acme_fixture& f) {
    std::string last;
    for (const auto& request : f.ca.requests) {
        if (request.path == "/new-account") {
            last = request.payload;
        }
    }
    return last;
}

registration with_eab(std::string id, std::string key) {
    registration terms;
    terms.agree_to_terms = true;
    binding eab;
    eab.key_id = std::move(id);
    eab.hmac_key = crypto::secret(std::move(key));
    terms.eab = std::move(eab);
    return terms;
}

} // namespace

TEST_CASE("an account is looked up, then registered with contact and terms") {
    acme_fixture f;
    const auto url = f.open_account();
    REQUIRE(url);
    CHECK(*url == "https://ca.example/account/1");
    CHECK(new_account_payload(f) == R"({"contact":["mailto:ops@example.com"],"termsOfServiceAgreed":true})");
    SECTION("and is not asked for again") {
        const auto before = f.ca.log.size();
        CHECK(f.open_account().value_or("") == *url);
        CHECK(f.ca.log.size() == before);
    }
    SECTION("and is found by its key when the URL was lost") {
        f.renew_client();
        CHECK(f.open_account(false).value_or("") == *url);
        CHECK(f.events.count("acme.account_found") == 1);
        CHECK(f.events.count("acme.account_registered") == 1);
    }
}

TEST_CASE("terms that were not agreed to are a clear failure before registering") {
    acme_fixture f;
    const auto url = f.open_account(false);
    REQUIRE_FALSE(url);
    CHECK(url.error().where == step::account);
    CHECK(url.error().cause.code == errc::invalid_argument);
    CHECK(url.error().cause.message.find("agree_to_terms") != std::string::npos);
    CHECK(f.ca.count("POST /new-account") == 1);
    f.ca.terms = false;
    f.renew_client();
    CHECK(f.open_account(false));
}

TEST_CASE("external account binding") {
    acme_fixture f;
    f.ca.external_account_required = true;
    f.ca.external_accounts["kid-1"] = "0123456789abcdef";
    SECTION("missing in the configuration") {
        const auto url = f.open_account();
        REQUIRE_FALSE(url);
        CHECK(url.error().cause.message.find("eab") != std::string::npos);
        CHECK(f.ca.count("POST /new-account") == 1);
    }
    SECTION("a one-time key is not used twice when the URL was lost") {
        const auto url = f.run(f.acme->open_account(with_eab("kid-1", "0123456789abcdef")));
        REQUIRE(url);
        f.renew_client();
        CHECK(f.run(f.acme->open_account(with_eab("kid-1", "0123456789abcdef"))).value_or("") == *url);
    }
    SECTION("a wrong key") {
        const auto url = f.run(f.acme->open_account(with_eab("kid-1", "wrong")));
        REQUIRE_FALSE(url);
        REQUIRE(url.error().said);
        CHECK(url.error().said->is("unauthorized"));
    }
}

TEST_CASE("an account URL the CA does not know any more") {
    acme_fixture f;
    REQUIRE(f.open_account());
    SECTION("is looked up once by its key, and the order goes on") {
        f.acme->use_account(test_key(), "https://ca.example/account/77");
        CHECK(f.issue(names({"a.example.com"})));
        CHECK(f.ca.count("POST /new-account") == 3);
    }
    SECTION("is a failure of the account when the CA lost it, and registering works then") {
        f.ca.forget_everything();
        const auto got = f.issue(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        REQUIRE(got.error().said);
        CHECK(account_unknown(got.error()));
        CHECK(f.acme->account_lost());
        // As by somebody who opens it anew while others are under way: they are told the same.
        f.acme->use_account(test_key(), "");
        const auto meanwhile = f.issue(names({"b.example.com"}));
        REQUIRE_FALSE(meanwhile);
        CHECK(account_unknown(meanwhile.error()));
        REQUIRE(f.open_account());
        CHECK_FALSE(f.acme->account_lost());
        CHECK(f.issue(names({"a.example.com"})));
    }
}

TEST_CASE("an account key that is not the account's any more, as from a backup") {
    acme_fixture f;
    REQUIRE(f.open_account());
    const std::string url = f.ca.accounts.begin()->first;
    const auto refuse_orders = [](const ca_request& asked) -> std::optional<result<http_response>> {
        if (asked.path == "/new-order") {
            return scripted_ca::problem(400, "malformed", "something else");
        }
        return std::nullopt;
    };
    SECTION("is found out") {
        f.renew_client();
        f.acme->use_account(other_test_key(), url);
        const auto got = f.issue(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        REQUIRE(got.error().said);
        CHECK(got.error().said->is("accountDoesNotExist"));
    }
    SECTION("is not suspected when the CA has taken something from it") {
        REQUIRE(f.issue(names({"a.example.com"})));
        const auto looked_up = f.ca.count("POST /new-account");
        f.ca.before = refuse_orders;
        REQUIRE_FALSE(f.issue(names({"b.example.com"})));
        CHECK(f.ca.count("POST /new-account") == looked_up);
    }
    SECTION("is found out later too: the CA lost its state and has given the URL to another") {
        REQUIRE(f.issue(names({"a.example.com"})));
        f.ca.accounts.at(url).jwk = other_test_key().public_jwk();
        f.time.advance(std::chrono::hours(1));
        const auto got = f.issue(names({"b.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        CHECK(account_unknown(got.error()));
        CHECK(f.acme->account_lost());
        REQUIRE(f.open_account());
        CHECK(f.issue(names({"b.example.com"})));
    }
    SECTION("is suspected once, and cleared") {
        f.renew_client();
        f.acme->use_account(test_key(), url);
        f.ca.before = refuse_orders;
        const auto before = f.ca.count("POST /new-account");
        for (int tries = 0; tries < 3; ++tries) {
            const auto got = f.issue(names({"a.example.com"}));
            REQUIRE_FALSE(got);
            CHECK(got.error().where == step::new_order);
        }
        CHECK(f.ca.count("POST /new-account") == before + 1);
    }
}

TEST_CASE("a CA that lost everything in mid-order loses the order, and the next try is a new one") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.never_signs = true;
    REQUIRE_FALSE(f.issue(names({"a.example.com"})));
    f.ca.forget_everything();
    f.ca.never_signs = false;
    auto again = f.request_for(names({"a.example.com"}));
    again.order_url = f.stored_orders.at(0);
    const auto first = f.run(f.acme->issue(again));
    REQUIRE_FALSE(first);
    CHECK(first.error().where == step::account);
    REQUIRE(f.open_account());
    const auto second = f.run(f.acme->issue(again));
    REQUIRE_FALSE(second);
    CHECK(order_lost(second.error()));
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("answers to a registration that cannot be used") {
    acme_fixture f;
    SECTION("no Location") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/new-account") {
                std::erase_if(a.headers, [](const auto& h) { return h.first == "Location"; });
            }
            return a;
        };
    }
    SECTION("a Location inside") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            for (auto& h : a.headers) {
                if (r.path == "/new-account" && h.first == "Location") {
                    h.second = "https://127.0.0.1/account";
                }
            }
            return a;
        };
    }
    SECTION("deactivated") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/new-account" && a.status < 300) {
                a.body = R"({"status":"deactivated"})";
            }
            return a;
        };
    }
    const auto url = f.open_account();
    REQUIRE_FALSE(url);
    CHECK(url.error().where == step::account);
    CHECK_FALSE(url.error().cause.message.empty());
}

TEST_CASE("an issuance without an account fails and sends nothing") {
    acme_fixture f;
    const auto got = f.issue(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::account);
    CHECK(f.ca.count("POST /new-order") == 0);
}
