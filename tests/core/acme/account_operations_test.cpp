// Looking at accounts, changing and ending them (RFC 8555 sections 7.3.1, 7.3.2, 7.3.6), and what an issuer
// says of itself.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

constexpr const char* account_path = "/account/1";
const std::string account_1 = "https://ca.example/account/1";

struct account_fixture : acme_fixture {
    account_fixture() { REQUIRE(open_account()); }
    scripted_ca::account_record& record() { return ca.accounts.at(account_1); }
    /// The CA answers requests to the account URL with this.
    void account_says(http_response answer) {
        ca.after = [answer = std::move(answer)](const ca_request& r,
                                                http_response a) -> result<http_response> {
            if (r.path != account_path) {
                return a;
            }
            http_response other = answer;
            other.headers.emplace_back("Replay-Nonce", a.header("Replay-Nonce"));
            return other;
        };
    }
    void account_says(std::string body) {
        http_response answer;
        answer.status = 200;
        answer.headers.emplace_back("Content-Type", "application/json");
        answer.body = std::move(body);
        account_says(std::move(answer));
    }
};

http_response plain(unsigned status, std::string type, std::string body) {
    http_response answer;
    answer.status = status;
    answer.headers.emplace_back("Content-Type", std::move(type));
    answer.body = std::move(body);
    return answer;
}

} // namespace

TEST_CASE("an account is found by its key, and the session keeps its own") {
    account_fixture f;
    CHECK(f.run(f.acme->find_account(test_key())).value_or("") == account_1);
    const auto none = f.run(f.acme->find_account(other_test_key()));
    REQUIRE_FALSE(none);
    CHECK(none.error().where == step::account);
    CHECK(none.error().http_status == 400);
    REQUIRE(none.error().said);
    CHECK(none.error().said->is("accountDoesNotExist"));
    CHECK(f.ca.accounts.size() == 1); // looking makes none
    REQUIRE(f.issue(names({"a.example.com"})));
    CHECK(f.ca.requests.back().kid == account_1);
}

TEST_CASE("an account is found before any is used, and by a key of any type") {
    account_fixture f;
    f.ca.algorithms = {"ES256", "ES384", "RS256", "EdDSA"};
    for (const auto type : {key_type::ecdsa_p384, key_type::rsa_2048, key_type::ed25519}) {
        const auto key = crypto::key::generate(type).value();
        f.ca.accounts["https://ca.example/account/77"].jwk = key.public_jwk();
        const client_parts parts{f.ca, f.time, *f.random, f.events};
        const auto stranger = make_client(f.settings, parts, f.loop.get_executor());
        CHECK(f.run(stranger->find_account(key)).value_or("") == "https://ca.example/account/77");
        CHECK_FALSE(f.run(stranger->read_account())); // it has none for itself
    }
}

TEST_CASE("an account that has ended is found to have ended") {
    account_fixture f;
    f.record().status = "deactivated";
    SECTION("by a refusal") {}
    SECTION("by its status, at a CA that answers") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/new-account") {
                a = plain(200, "application/json", R"({"status":"deactivated"})");
                a.headers.emplace_back("Location", account_1);
            }
            return a;
        };
    }
    const auto got = f.run(f.acme->find_account(test_key()));
    REQUIRE_FALSE(got);
    CHECK(got.error().cause.code == errc::refused);
    CHECK(got.error().http_status > 0);
}

TEST_CASE("an account is read as the CA shows it") {
    account_fixture f;
    const auto got = f.run(f.acme->read_account());
    REQUIRE(got);
    CHECK(got->url == account_1);
    CHECK(got->status == "valid");
    CHECK(got->contacts == std::vector<std::string>{"mailto:ops@example.com"});
    CHECK(got->orders_url == "https://ca.example/account/1/orders");
    CHECK(f.ca.requests.back().payload.empty()); // a POST-as-GET
    SECTION("by CAs that tell next to nothing") {
        f.account_says("{}");
        const auto little = f.run(f.acme->read_account());
        REQUIRE(little);
        CHECK(little->url == account_1);
        CHECK(little->status.empty());
        CHECK(little->contacts.empty());
        CHECK(little->orders_url.empty());
    }
    SECTION("not at all by a CA whose account URL does not work") {
        f.account_says(plain(403, "application/json", R"({"message":"Missing Authentication Token"})"));
        const auto broken = f.run(f.acme->read_account());
        REQUIRE_FALSE(broken);
        CHECK(broken.error().where == step::account);
        CHECK(broken.error().http_status == 403);
        CHECK(broken.error().cause.foreign.find("Missing Authentication Token") != std::string::npos);
        CHECK(f.issue(names({"a.example.com"}))); // and that disturbs nothing else
    }
    SECTION("at the URL to which it has moved") {
        f.acme->use_account(test_key(), "https://ca.example/account/77");
        const auto moved = f.run(f.acme->read_account());
        REQUIRE(moved);
        CHECK(moved->url == account_1);
        CHECK(f.ca.log.back() == "POST /account/1");
    }
}

TEST_CASE("contacts are replaced by others, or by none") {
    account_fixture f;
    REQUIRE(f.run(f.acme->update_contacts({"a@example.com", "b@example.com"})));
    CHECK(f.ca.requests.back().payload == R"({"contact":["mailto:a@example.com","mailto:b@example.com"]})");
    CHECK(f.record().contacts == std::vector<std::string>{"mailto:a@example.com", "mailto:b@example.com"});
    REQUIRE(f.events.last("acme.account_updated") != nullptr);
    CHECK(f.events.last("acme.account_updated")->fields.at(1).second == account_1);
    REQUIRE(f.run(f.acme->update_contacts({})));
    CHECK(f.ca.requests.back().payload == R"({"contact":[]})");
    CHECK(f.record().contacts.empty());
}

TEST_CASE("contacts that could not be changed") {
    account_fixture f;
    SECTION("because the CA does not like them") {
        const auto got = f.run(f.acme->update_contacts({"nobody"}));
        REQUIRE_FALSE(got);
        REQUIRE(got.error().said);
        CHECK(got.error().said->is("invalidContact"));
        CHECK(f.record().contacts == std::vector<std::string>{"mailto:ops@example.com"});
    }
    SECTION("because something else answered") {
        f.account_says(plain(200, "text/html", "<html>log in</html>"));
        const auto got = f.run(f.acme->update_contacts({"a@example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::protocol);
    }
    SECTION("because the account has ended") {
        f.account_says(R"({"status":"revoked"})");
        const auto got = f.run(f.acme->update_contacts({"a@example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::refused);
    }
    CHECK(f.events.count("acme.account_updated") == 0);
}

TEST_CASE("contacts are changed once more after a broken connection, and an empty answer will do") {
    account_fixture f;
    bool broken = false;
    f.ca.after = [&](const ca_request& r, http_response a) -> result<http_response> {
        if (r.path != account_path) {
            return a;
        }
        if (!std::exchange(broken, true)) {
            return fail(errc::network, "connection reset");
        }
        a.body.clear();
        return a;
    };
    CHECK(f.run(f.acme->update_contacts({"a@example.com"})));
    CHECK(f.ca.count("POST /account/1") == 2);
}

TEST_CASE("an account is deactivated for good, and nothing is sent for it any more") {
    account_fixture f;
    REQUIRE(f.run(f.acme->deactivate_account()));
    CHECK(f.ca.requests.back().payload == R"({"status":"deactivated"})");
    CHECK(f.record().status == "deactivated");
    CHECK(f.events.count("acme.account_deactivated") == 1);
    const auto sent = f.ca.log.size();
    const auto got = f.issue(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::account);
    CHECK(got.error().cause.message.find("deactivated") != std::string::npos);
    CHECK_FALSE(f.run(f.acme->read_account()));
    CHECK_FALSE(f.run(f.acme->deactivate_account()));
    CHECK(f.ca.log.size() == sent);
    SECTION("a new key makes a new account") {
        f.acme->use_account(other_test_key(), "");
        REQUIRE(f.open_account());
        CHECK(f.issue(names({"a.example.com"})));
    }
    SECTION("the old key does not") {
        f.acme->use_account(test_key(), "");
        CHECK_FALSE(f.open_account());
    }
}

TEST_CASE("a deactivation counts only when the CA says that it is done") {
    account_fixture f;
    SECTION("still valid") {
        f.account_says(R"({"status":"valid"})");
    }
    SECTION("no status") {
        f.account_says("{}");
    }
    SECTION("nothing") {
        f.account_says("");
    }
    SECTION("a page") {
        f.account_says(plain(200, "text/html", "<html>deactivated</html>"));
    }
    const auto got = f.run(f.acme->deactivate_account());
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::account);
    CHECK(got.error().cause.code == errc::protocol);
    CHECK(got.error().http_status == 200);
    CHECK(f.events.count("acme.account_deactivated") == 0);
}

TEST_CASE("a deactivation whose answer is lost is not sent twice") {
    account_fixture f;
    f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
        return r.path == account_path ? result<http_response>(fail(errc::network, "connection reset"))
                                      : result<http_response>(std::move(a));
    };
    const auto got = f.run(f.acme->deactivate_account());
    REQUIRE_FALSE(got);
    CHECK(got.error().http_status == 0);
    CHECK(f.ca.count("POST /account/1") == 1);
    f.ca.after = nullptr;
    const auto found = f.run(f.acme->find_account(test_key()));
    REQUIRE_FALSE(found); // which shows that it was done
    CHECK(found.error().cause.code == errc::refused);
}

TEST_CASE("without an account nothing is done and nothing is sent") {
    acme_fixture f;
    const auto check = [&](const failure& why) {
        CHECK(why.where == step::account);
        CHECK(why.cause.code == errc::invalid_argument);
    };
    check(f.run(f.acme->read_account()).error());
    check(f.run(f.acme->update_contacts({"a@example.com"})).error());
    check(f.run(f.acme->deactivate_account()).error());
    check(f.run(f.acme->change_key(other_test_key())).error());
    CHECK(f.ca.log.empty());
}

TEST_CASE("an issuer describes itself") {
    acme_fixture f;
    SECTION("with everything") {
        f.ca.profiles = {"classic", "shortlived"};
        f.ca.renewal_info_path = "/renewal-info";
        f.ca.external_account_required = true;
        const auto got = f.run(f.acme->describe());
        REQUIRE(got);
        CHECK(got->renewal_info);
        CHECK(got->external_account_required);
        CHECK(got->key_change);
        CHECK(got->terms_of_service == "https://ca.example/terms");
        CHECK(got->profiles == std::vector<std::string>{"classic", "shortlived"});
        CHECK(f.run(f.acme->describe()));
        CHECK(f.ca.log == std::vector<std::string>{"GET /directory"});
    }
    SECTION("with nothing") {
        f.ca.terms = false;
        f.ca.key_change = false;
        const auto got = f.run(f.acme->describe());
        REQUIRE(got);
        CHECK_FALSE(got->renewal_info);
        CHECK_FALSE(got->external_account_required);
        CHECK_FALSE(got->key_change);
        CHECK(got->terms_of_service.empty());
        CHECK(got->profiles.empty());
    }
    SECTION("with URLs that lead inside, which are as good as none") {
        f.ca.renewal_info_path = "/renewal-info";
        f.ca.after = [](const ca_request&, http_response a) -> result<http_response> {
            a.body = with_member(a.body, "renewalInfo", "\"https://127.0.0.1/ari\"");
            a.body = with_member(a.body, "keyChange", "\"http://ca.example/key-change\"");
            return a;
        };
        const auto got = f.run(f.acme->describe());
        REQUIRE(got);
        CHECK_FALSE(got->renewal_info);
        CHECK_FALSE(got->key_change);
    }
    SECTION("not when it is out of reach") {
        f.ca.before = [](const ca_request&) -> std::optional<result<http_response>> {
            return result<http_response>(fail(errc::timed_out, "no answer"));
        };
        const auto got = f.run(f.acme->describe());
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::directory);
        CHECK(got.error().cause.code == errc::timed_out);
    }
}
