// A new key for an account (RFC 8555 section 7.3.5).
#include "core/acme/account.hpp"
#include "core/acme/jws.hpp"
#include "core/acme/session.hpp"
#include "core/json/writer.hpp"
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

const std::string account_1 = "https://ca.example/account/1";
const std::string key_change_url = "https://ca.example/key-change";

crypto::key key_of(key_type type) {
    return crypto::key::generate(type).value();
}

struct key_change_fixture : acme_fixture {
    key_change_fixture() {
        ca.algorithms = {"ES256", "ES384", "RS256", "EdDSA"};
        REQUIRE(open_account());
    }
    outcome<void> change_to(const crypto::key& key) { return run(acme->change_key(key)); }
    [[nodiscard]] const std::string& jwk_at_ca() const { return ca.accounts.at(account_1).jwk; }
};

} // namespace

TEST_CASE("an account goes from any type of key to any other, and orders go on with the new one") {
    const std::vector<key_type> types = {key_type::ecdsa_p256, key_type::ecdsa_p384, key_type::rsa_2048,
                                         key_type::ed25519};
    std::vector<crypto::key> keys;
    for (const auto type : types) {
        keys.push_back(key_of(type));
    }
    for (const auto& from : keys) {
        for (const auto& to : keys) {
            if (&from == &to) {
                continue;
            }
            CAPTURE(from.jws_algorithm(), to.jws_algorithm());
            key_change_fixture f;
            f.ca.accounts.clear();
            f.acme->use_account(from, "");
            const std::string url = f.open_account().value();
            REQUIRE(f.change_to(to));
            CHECK(f.ca.accounts.at(url).jwk == to.public_jwk());
            REQUIRE(f.issue(names({"a.example.com"}))); // the CA checks signatures and key authorizations
            CHECK(f.ca.requests.back().kid == url);
            CHECK(f.ca.authorizations.at(0).thumbprint == to.jwk_thumbprint());
            CHECK(f.ca.accounts.size() == 1);
        }
    }
}

TEST_CASE("a key change is one request and a look at what has become of it, and is told") {
    key_change_fixture f;
    f.ca.log.clear();
    REQUIRE(f.change_to(other_test_key()));
    CHECK(f.ca.log == std::vector<std::string>{"POST /key-change", "POST /new-account"});
    CHECK(f.ca.requests.back().payload == R"({"onlyReturnExisting":true})");
    REQUIRE(f.events.last("acme.account_key_changed") != nullptr);
    CHECK(f.events.last("acme.account_key_changed")->fields ==
          std::vector<std::pair<std::string, std::string>>{{"issuer", "scripted"}, {"account", account_1}});
    CHECK(f.run(f.acme->find_account(other_test_key())).value_or("") == account_1);
    CHECK_FALSE(f.run(f.acme->find_account(test_key())));
    CHECK(f.open_account(false).value_or("") == account_1); // no other is registered
    CHECK(f.ca.accounts.size() == 1);
}

TEST_CASE("key changes that cannot be") {
    key_change_fixture f;
    SECTION("the directory has no keyChange") {
        f.ca.key_change = false;
        f.renew_client();
        REQUIRE(f.open_account());
        const auto got = f.change_to(other_test_key());
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::key_change);
        CHECK(got.error().cause.code == errc::unsupported);
    }
    SECTION("the key is the one in use") {
        const auto got = f.change_to(crypto::key::from_pem(test_key().to_pem().view()).value());
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::key_change);
        CHECK(got.error().cause.code == errc::invalid_argument);
    }
    CHECK(f.ca.count("POST /key-change") == 0);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a key of another account is refused, and the old one stays in use") {
    key_change_fixture f;
    f.ca.accounts["https://ca.example/account/77"].jwk = other_test_key().public_jwk();
    SECTION("as Boulder says it") {}
    SECTION("as Pebble says it") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/key-change") {
                REQUIRE(a.status == 409);
                a.body.clear();
            }
            return a;
        };
    }
    const auto got = f.change_to(other_test_key());
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::key_change);
    CHECK(got.error().cause.code == errc::refused);
    CHECK(got.error().http_status == 409);
    CHECK(got.error().cause.message.find("another account") != std::string::npos);
    CHECK(f.jwk_at_ca() == test_key().public_jwk());
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a refused key change leaves the old key in use") {
    key_change_fixture f;
    f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
        return r.path == "/key-change"
                   ? std::optional(result<http_response>(scripted_ca::problem(400, "badPublicKey", "weak")))
                   : std::nullopt;
    };
    const auto got = f.change_to(other_test_key());
    REQUIRE_FALSE(got);
    CHECK(got.error().http_status == 400);
    REQUIRE(got.error().said);
    CHECK(got.error().said->is("badPublicKey"));
    CHECK(f.events.count("acme.account_key_changed") == 0);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a key of a type that the CA does not take is named by its algorithm") {
    key_change_fixture f;
    f.ca.algorithms = {"ES256"};
    const auto got = f.change_to(key_of(key_type::ecdsa_p384));
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.message.find("ES384") != std::string::npos);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("when the answer to a key change is lost, the keys tell what has become of it") {
    key_change_fixture f;
    bool acted = false;
    SECTION("the CA has done it") {
        acted = true;
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            return r.path == "/key-change" ? result<http_response>(fail(errc::network, "connection reset"))
                                           : result<http_response>(std::move(a));
        };
    }
    SECTION("the CA has not heard of it") {
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/key-change"
                       ? std::optional(result<http_response>(fail(errc::timed_out, "no answer")))
                       : std::nullopt;
        };
    }
    const auto got = f.change_to(other_test_key());
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::key_change);
    CHECK(got.error().http_status == 0);
    CHECK(f.ca.count("POST /key-change") == 1); // never sent twice
    CHECK(f.events.count("acme.account_key_changed") == 0);
    f.ca.after = nullptr;
    f.ca.before = nullptr;

    const auto by_new = f.run(f.acme->find_account(other_test_key()));
    const auto by_old = f.run(f.acme->find_account(test_key()));
    CHECK(by_new.has_value() == acted);
    CHECK(by_old.has_value() == !acted);
    const auto& missing = acted ? by_old : by_new;
    REQUIRE(missing.error().said);
    CHECK(missing.error().said->is("accountDoesNotExist"));
    // Asking does not decide which key the session uses; the caller does.
    CHECK(f.issue(names({"a.example.com"})).has_value() == !acted);
    f.acme->use_account(acted ? other_test_key() : test_key(), account_1);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a key change that the CA claims and does not show leaves it open, and the old key in use") {
    key_change_fixture f;
    http_response done;
    done.status = 200;
    SECTION("nothing was done") {
        f.ca.before = [&](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/key-change" ? std::optional(result<http_response>(done)) : std::nullopt;
        };
    }
    SECTION("the key belongs to another account, which Pebble 2.10 answers with 200") {
        f.ca.accounts["https://ca.example/account/77"].jwk = other_test_key().public_jwk();
        f.ca.before = [&](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/key-change" ? std::optional(result<http_response>(done)) : std::nullopt;
        };
    }
    const auto got = f.change_to(other_test_key());
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::key_change);
    CHECK(got.error().http_status == 0);
    CHECK(got.error().cause.code == errc::refused);
    CHECK(f.events.count("acme.account_key_changed") == 0);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a key change that was done and could not be looked at is open until somebody can") {
    key_change_fixture f;
    f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
        return r.path == "/new-account" ? result<http_response>(fail(errc::network, "connection reset"))
                                        : result<http_response>(std::move(a));
    };
    const auto got = f.change_to(other_test_key());
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::key_change);
    CHECK(got.error().http_status == 0);
    CHECK(got.error().cause.code == errc::network);
    f.ca.after = nullptr;
    CHECK(f.run(f.acme->find_account(other_test_key())).value_or("") == account_1);
    f.acme->use_account(other_test_key(), account_1);
    CHECK(f.issue(names({"a.example.com"})));
}

TEST_CASE("a nonce that is refused does not harm a key change") {
    key_change_fixture f;
    f.ca.forget_nonces();
    REQUIRE(f.change_to(other_test_key()));
    CHECK(f.ca.count("POST /key-change") == 2);
    CHECK(f.jwk_at_ca() == other_test_key().public_jwk());
}

TEST_CASE("an account that has moved is found by its old key, and named right in the second try") {
    key_change_fixture f;
    SECTION("once") {
        f.acme->use_account(test_key(), "https://ca.example/account/77");
        REQUIRE(f.change_to(other_test_key()));
        CHECK(f.ca.count("POST /key-change") == 2);
        CHECK(f.jwk_at_ca() == other_test_key().public_jwk());
        REQUIRE(f.issue(names({"a.example.com"})));
        CHECK(f.ca.requests.back().kid == account_1);
    }
    SECTION("again and again, at a CA that plays with us") {
        int moves = 0;
        f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
            return r.path == "/key-change" ? std::optional(result<http_response>(
                                                 scripted_ca::problem(400, "accountDoesNotExist")))
                                           : std::nullopt;
        };
        f.ca.after = [&](const ca_request& r, http_response a) -> result<http_response> {
            for (auto& h : a.headers) {
                if (r.path == "/new-account" && h.first == "Location") {
                    h.second = "https://ca.example/account/" + std::to_string(100 + ++moves);
                }
            }
            return a;
        };
        const auto got = f.change_to(other_test_key());
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        CHECK(f.ca.count("POST /key-change") == 2);
    }
    SECTION("nowhere") {
        f.ca.forget_accounts();
        const auto got = f.change_to(other_test_key());
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::account);
        REQUIRE(got.error().said);
        CHECK(got.error().said->is("accountDoesNotExist"));
    }
}

TEST_CASE("the scripted CA takes no key change that is not signed, addressed and filled in as it must be") {
    key_change_fixture f;
    const client_parts parts{f.ca, f.time, *f.random, f.events};
    session talk(f.settings, parts);
    talk.use_account(test_key(), account_1);
    const auto sent = [&](const std::string& inner) {
        signed_request request(step::key_change, key_change_url, inner);
        return f.run(talk.post(std::move(request)));
    };
    const std::string payload = key_change_payload(account_1, test_key());
    jws_header header;
    header.url = key_change_url;

    std::vector<std::string> wrong = {"", "{}", "null", payload};
    wrong.push_back(sign_jws(other_test_key(), header, "{}").value());
    wrong.push_back(sign_jws(other_test_key(), header, "").value());
    wrong.push_back(
        sign_jws(other_test_key(), header, payload.substr(0, payload.size() - 1) + ",\"x\":1}").value());
    wrong.push_back(
        sign_jws(other_test_key(), header, key_change_payload(account_1, other_test_key())).value());
    wrong.push_back(
        sign_jws(other_test_key(), header, key_change_payload(account_1 + "1", test_key())).value());
    jws_header with_nonce = header;
    with_nonce.nonce = "abc";
    wrong.push_back(sign_jws(other_test_key(), with_nonce, payload).value());
    jws_header elsewhere = header;
    elsewhere.url = "https://ca.example/new-order";
    wrong.push_back(sign_jws(other_test_key(), elsewhere, payload).value());
    jws_header by_account = header;
    by_account.kid = account_1;
    wrong.push_back(sign_jws(other_test_key(), by_account, payload).value());
    // Signed by another key than it carries.
    const auto good = json::parse(sign_jws(other_test_key(), header, payload).value()).value();
    const auto stolen = json::parse(sign_jws(test_key(), header, payload).value()).value();
    json::writer mixed;
    mixed.begin_object();
    mixed.member("protected", good.string("protected").value());
    mixed.member("payload", good.string("payload").value());
    mixed.member("signature", stolen.string("signature").value());
    mixed.end_object();
    wrong.push_back(mixed.text());

    for (const auto& inner : wrong) {
        CAPTURE(inner);
        const auto got = sent(inner);
        REQUIRE_FALSE(got);
        CHECK(got.error().http_status >= 400);
        CHECK(f.jwk_at_ca() == test_key().public_jwk());
    }
    CHECK(sent(sign_jws(other_test_key(), header, payload).value()));
    CHECK(f.jwk_at_ca() == other_test_key().public_jwk());
}
