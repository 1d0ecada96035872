#include "solvers/dns01/acme_dns.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

const std::string account =
    R"({"username":"c36f50e8","password":"htB9mR9DYgcu9bX","fulldomain":"8e5700ea.auth.example.org","subdomain":"8e5700ea",)"
    R"("allowfrom":[],"server_url":"https://auth.example.org/"})";

struct acme_dns_fixture : api_fixture {
    acme_dns_fixture() { with(R"({"www.example.com":)" + account + "}\n"); }
    void with(const std::string& file, const std::string& endpoint = "", bool allow_http = false) {
        solvers::acme_dns_settings settings;
        settings.accounts = secret(file);
        settings.endpoint = endpoint;
        settings.allow_http = allow_http;
        use(solvers::make_acme_dns(world, settings));
        http.headers = [](const http_request&) {
            return std::vector<http_header>{{"Accept", "application/json"},
                                            {"X-Api-User", "c36f50e8"},
                                            {"X-Api-Key", "htB9mR9DYgcu9bX"},
                                            {"Content-Type", "application/json"}};
        };
    }
    static solvers::txt_task pointed(const std::string& text = value) {
        auto out = task(text);
        out.target = "8e5700ea.auth.example.org";
        return out;
    }
    static std::string body_of(const std::string& text) {
        return R"({"subdomain":"8e5700ea","txt":")" + text + "\"}";
    }

    const std::string update = "https://auth.example.org/update";
    const std::string third = std::string(43, 'x');
};

} // namespace

TEST_CASE_METHOD(acme_dns_fixture,
                 "acme-dns: two values are written once each, and again only when they were removed") {
    http.expect("POST", update, body_of(value), 200, R"({"txt":"x"})");
    REQUIRE(add(pointed()).has_value());
    http.expect("POST", update, body_of(other), 200, R"({"txt":"x"})");
    REQUIRE(add(pointed(other)).has_value());
    CHECK(add(pointed()).has_value()); // once more would drive out the other one
    CHECK(remove(pointed()).has_value());
    CHECK(remove(pointed()).has_value());
    http.expect("POST", update, body_of(value), 200, R"({"txt":"x"})");
    CHECK(add(pointed()).has_value());
}

TEST_CASE_METHOD(acme_dns_fixture,
                 "acme-dns: a third value waits until one of the two is gone, or its time is up") {
    http.expect("POST", update, body_of(value), 200, "{}");
    http.expect("POST", update, body_of(other), 200, "{}");
    REQUIRE(add(pointed()).has_value());
    REQUIRE(add(pointed(other)).has_value());
    auto waiting = start(provider->add(pointed(third)));
    time.advance(seconds(10));
    CHECK_FALSE(waiting->ended());
    REQUIRE(remove(pointed()).has_value());
    http.expect("POST", update, body_of(third), 200, "{}");
    time.advance(seconds(2));
    REQUIRE(waiting->ended());
    CHECK(waiting->outcome->has_value());

    const auto late = add(pointed());
    CHECK(late.error().code == errc::timed_out);
    CHECK(says(late, "no longer needed that acme-dns keeps"));
}

TEST_CASE_METHOD(acme_dns_fixture, "acme-dns: after a broken exchange the other value is written again") {
    http.expect("POST", update, body_of(other), 200, "{}");
    REQUIRE(add(pointed(other)).has_value());
    http.expect_failure("POST", update, body_of(value), errc::network);
    http.expect("POST", update, body_of(value), 200, "{}");
    http.expect("POST", update, body_of(other), 500, "{}");
    http.expect("POST", update, body_of(other), 200, "{}");
    http.expect("POST", update, body_of(value), 200, "{}");
    CHECK(add(pointed()).has_value());
}

TEST_CASE_METHOD(acme_dns_fixture, "acme-dns: what failed is tried again when it is asked for again") {
    http.expect("POST", update, body_of(value), 400, R"({"error":"bad_txt"})");
    CHECK(says(add(pointed()), "bad_txt"));
    http.expect("POST", update, body_of(value), 200, "{}");
    CHECK(add(pointed()).has_value());
}

TEST_CASE_METHOD(acme_dns_fixture, "acme-dns: the CNAME that is missing is spelt out") {
    auto outcome = add(task());
    CHECK(outcome.error().code == errc::invalid_argument);
    CHECK(says(outcome, "is no CNAME yet: set this record in your DNS, once: "
                        "_acme-challenge.www.example.com. CNAME 8e5700ea.auth.example.org."));
    auto elsewhere = task();
    elsewhere.target = "old.example.net";
    outcome = add(elsewhere);
    CHECK(says(outcome, "leads to another place, old.example.net: set"));
    CHECK(provider->wants_target());
}

TEST_CASE_METHOD(acme_dns_fixture,
                 "acme-dns: the file may be one registration, the endpoint the configuration's") {
    with(account, "http://10.0.0.53:8080");
    http.expect("POST", "http://10.0.0.53:8080/update", body_of(value), 200, "{}");
    CHECK(add(pointed()).has_value());
    CHECK(http.requests.back().allow_http);
}

TEST_CASE_METHOD(acme_dns_fixture, "acme-dns: what is wrong with the accounts is said, without a password") {
    struct row {
        std::string file;
        std::string says;
    };
    const auto without = [](std::string text, const std::string& what) {
        return text.replace(text.find(what), what.size(), "x" + what);
    };
    const std::vector<row> rows{
        {R"({"example.com":)" + account + "}", "has no account for www.example.com: register one"},
        {"[]", "has no account"},
        {R"({"www.example.com":"x"})", "has no account"},
        {"{", "is no JSON"},
        {without(account, "password"), "password: missing"},
        {without(account, "fulldomain"), "fulldomain: missing"},
        {without(account, "subdomain"), "subdomain: missing"},
        {without(account, "server_url"), "no server_url"},
        {R"({"username":"a b","password":"htB9mR9DYgcu9bX","fulldomain":"x","subdomain":"x","server_url":"https://x"})",
         "holds what none"},
        {R"({"username":"a","password":"htB9mR9DYgcu9bX","fulldomain":"x","subdomain":"x","server_url":"http://192.0.2.1"})",
         "http://"},
    };
    for (const auto& each : rows) {
        CAPTURE(each.file);
        with(each.file);
        const auto outcome = add(pointed());
        CHECK(says(outcome, each.says));
        CHECK(says(outcome, folder / "token"));
        CHECK_FALSE(says(outcome, "htB9mR9DYgcu9bX"));
    }
    CHECK(add(pointed("short")).error().code == errc::unsupported);
}

TEST_CASE_METHOD(acme_dns_fixture, "acme-dns: a refused account is named, and its password hidden") {
    http.expect("POST", update, body_of(value), 401, R"({"error":"forbidden for htB9mR9DYgcu9bX"})");
    const auto outcome = add(pointed());
    CHECK(outcome.error().code == errc::refused);
    CHECK(says(outcome, "the account in " + (folder / "token") + " is not accepted"));
    CHECK(says(outcome, "forbidden for ***"));
}
