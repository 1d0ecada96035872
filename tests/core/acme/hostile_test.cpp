// What a CA that means harm may send: nothing of it is acted on.
#include "tests/core/acme/acme_fixture.hpp"
#include "tests/core/acme/json_mutation.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

TEST_CASE("tokens that are more than a token are never presented") {
    const std::vector<std::string> tokens = {"../../etc/passwd",   "a/b",      "a b",
                                             "a\r\nX: y",          "a\\b",     "%2e%2e",
                                             "t\xc3\xb6ken",       "a;rm -rf", std::string(513, 'a'),
                                             std::string(1, '\0'), ".",        "$(id)"};
    for (const auto& token : tokens) {
        CAPTURE(token.substr(0, 40));
        acme_fixture f;
        f.ca.token_text = token;
        const auto got = f.all(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::protocol);
        CHECK(f.answers.presented == 0);
        CHECK(f.ca.authorizations.at(0).status == "deactivated");
    }
    acme_fixture f;
    f.ca.token_text = std::string(512, 'a');
    CHECK(f.all(names({"a.example.com"})));
}

TEST_CASE("URLs that lead elsewhere are never asked") {
    const std::vector<std::string> urls = {"http://ca.example/x",
                                           "https://127.0.0.1/x",
                                           "https://[::1]/x",
                                           "https://localhost/x",
                                           "https://10.0.0.1:8443/x",
                                           "https://user:pw@ca.example/x",
                                           "file:///etc/passwd",
                                           "gopher://x/",
                                           "https://ca.example/x y",
                                           "https://ca.example/\\r\\nX: y",
                                           "https://2130706433/x",
                                           "https://0x7f.1/x",
                                           "https://metadata/x",
                                           "https://ca.example:99999/x",
                                           "https://",
                                           "",
                                           "https://a.localhost/",
                                           "//evil.example/x",
                                           "https://ca.example/" + std::string(3000, 'a'),
                                           "https://ca.example@10.1.1.1/"};
    struct place {
        const char* path;
        const char* member;
    };
    const std::vector<place> places = {{"/directory", "newNonce"}, {"/directory", "newAccount"},
                                       {"/directory", "newOrder"}, {"/new-order", "authorizations.0"},
                                       {"/new-order", "finalize"}, {"/authz/0", "challenges.2.url"},
                                       {"/order/0", "certificate"}};
    for (const auto& where : places) {
        for (const auto& url : urls) {
            CAPTURE(where.path, where.member, url.substr(0, 60));
            acme_fixture f;
            f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
                if (request.path == where.path && normal.status < 300) {
                    normal.body = std::string_view(where.member) == "authorizations.0"
                                      ? with_member(normal.body, "authorizations", "[\"" + url + "\"]")
                                      : with_member(normal.body, where.member, "\"" + url + "\"");
                }
                return normal;
            };
            const auto got = f.all(names({"a.example.com"}));
            CHECK_FALSE(got);
            for (const auto& line : f.ca.log) {
                CHECK(line.find("://") == std::string::npos); // the CA's own paths only
            }
            CHECK(f.answers.served.empty());
        }
    }
}

TEST_CASE("an order for other names than ours is refused and forgotten") {
    const std::vector<std::string> lists = {
        R"([])",
        R"([{"type":"dns","value":"evil.example.com"}])",
        R"([{"type":"dns","value":"a.example.com"},{"type":"dns","value":"evil.example.com"}])",
        R"([{"type":"ip","value":"a.example.com"}])",
        R"([{"type":"dns","value":"*.a.example.com"}])",
        R"([{"type":"dns","value":"a.example.com\u0000.evil"}])"};
    for (const auto& list : lists) {
        CAPTURE(list);
        acme_fixture f;
        f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
            if (request.path == "/new-order") {
                normal.body = with_member(normal.body, "identifiers", list);
            }
            return normal;
        };
        const auto got = f.all(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().cause.code == errc::protocol);
        CHECK(f.answers.presented == 0);
    }
    SECTION("upper case and repetition are the same names") {
        acme_fixture f;
        f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
            if (request.path == "/new-order") {
                normal.body = with_member(
                    normal.body, "identifiers",
                    R"([{"type":"dns","value":"A.example.COM"},{"type":"dns","value":"a.example.com"}])");
            }
            return normal;
        };
        CHECK(f.all(names({"a.example.com"})));
    }
}

TEST_CASE("an authorization for a name of somebody else is not proven") {
    acme_fixture f;
    f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
        if (request.path == "/authz/0") {
            normal.body = with_member(normal.body, "identifier.value", "\"evil.example.com\"");
        }
        return normal;
    };
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(f.answers.presented == 0);
    CHECK(order_lost(got.error()));
}

TEST_CASE("an order with hundreds of authorizations for one name is refused") {
    acme_fixture f;
    f.ca.after = [&](const ca_request& request, http_response normal) -> result<http_response> {
        if (request.path == "/new-order") {
            std::string list;
            for (int i = 0; i < 300; ++i) {
                list += (i == 0 ? "" : ",") + std::string("\"https://ca.example/authz/") + std::to_string(i) +
                        "\"";
            }
            normal.body = with_member(normal.body, "authorizations", "[" + list + "]");
        }
        return normal;
    };
    CHECK_FALSE(f.all(names({"a.example.com"})));
    CHECK(f.ca.requests.size() < 12);
}

TEST_CASE("nonces that are more than a nonce are never sent back") {
    for (const std::string nonce : {"a\r\nX: y", "", "a b", "a+b", "a=", "\xff"}) {
        acme_fixture f;
        f.ca.after = [&](const ca_request&, http_response normal) -> result<http_response> {
            for (auto& h : normal.headers) {
                if (h.first == "Replay-Nonce") {
                    h.second = nonce;
                }
            }
            return normal;
        };
        const auto got = f.all(names({"a.example.com"}));
        REQUIRE_FALSE(got);
        CHECK(got.error().where == step::nonce);
        CHECK(f.ca.count("POST /new-account") == 0);
    }
}

TEST_CASE("a chain is accepted only under its own media type and size") {
    acme_fixture f;
    SECTION("HTML") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/cert/0") {
                a.headers[0].second = "text/html";
            }
            return a;
        };
    }
    SECTION("empty") {
        f.ca.after = [](const ca_request& r, http_response a) -> result<http_response> {
            if (r.path == "/cert/0") {
                a.body.clear();
            }
            return a;
        };
    }
    const auto got = f.all(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    CHECK(got.error().where == step::certificate);
    CHECK_FALSE(order_lost(got.error()));
}

TEST_CASE("what a CA says never reaches our own message") {
    acme_fixture f;
    REQUIRE(f.open_account());
    f.ca.before = [](const ca_request& r) -> std::optional<result<http_response>> {
        if (r.path != "/new-order") {
            return std::nullopt;
        }
        auto answer = scripted_ca::problem(400, "x\r\nfake-log-line", "\x1b[31mred\nsecond line");
        return answer;
    };
    const auto got = f.issue(names({"a.example.com"}));
    REQUIRE_FALSE(got);
    for (const char c : got.error().cause.message + got.error().cause.text()) {
        CHECK(c >= ' ');
    }
    REQUIRE(got.error().said);
    CHECK(got.error().said->detail == "\x1b[31mred\nsecond line");
}
