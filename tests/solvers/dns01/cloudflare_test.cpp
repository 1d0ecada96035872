#include "solvers/dns01/cloudflare.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct cloudflare_fixture : api_fixture {
    cloudflare_fixture() { with({}); }
    void with(solvers::cloudflare_settings settings) {
        settings.token = secret();
        use(solvers::make_cloudflare(world, std::move(settings)));
        http.headers = headers_with({"Authorization", "Bearer t0ken"});
    }

    const std::string api = "https://api.cloudflare.com/client/v4";
    const std::string records = api + "/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records";

    static std::string body_of(const std::string& text) {
        return R"({"type":"TXT","name":"_acme-challenge.www.example.com","content":"\")" + text +
               R"(\"","ttl":60})";
    }
    static std::string created(const std::string& id) {
        return R"({"success":true,"errors":[],"result":{"id":")" + id + R"("}})";
    }
    void expect_zone() {
        const auto ask = [&](const std::string& name, const std::string& zones) {
            http.expect("GET", api + "/zones?name=" + name + "&per_page=50", "", 200,
                        R"({"success":true,"errors":[],"result":[)" + zones + "]}");
        };
        ask("_acme-challenge.www.example.com", "");
        ask("www.example.com", "");
        ask("example.com",
            R"({"id":"00000000000000000000000000000000","name":"example.com","status":"pending"},)"
            R"({"id":"023e105f4ecef8ad9ca31a8372d0c353","name":"example.com","status":"active"})");
    }
    void expect_list(const std::string& list) {
        http.expect("GET", records + "?type=TXT&name=_acme-challenge.www.example.com&per_page=100", "", 200,
                    R"({"success":true,"result":[)" + list + "]}");
    }
    static std::string record(const std::string& id, const std::string& content,
                              const std::string& name = "_acme-challenge.www.example.com",
                              const std::string& type = "TXT") {
        return R"({"id":")" + id + R"(","name":")" + name + R"(","type":")" + type + R"(","content":")" +
               content + "\"}";
    }
};

} // namespace

TEST_CASE_METHOD(cloudflare_fixture,
                 "Cloudflare: the active zone is found once, and values are added beside others") {
    expect_zone();
    http.expect("POST", records, body_of(value), 200, created("a"));
    REQUIRE(add(task()).has_value());
    http.expect("POST", records, body_of(other), 200, created("b")); // the zone is known now
    REQUIRE(add(task(other)).has_value());
    REQUIRE(http.done());

    time.advance(std::chrono::minutes(11));
    expect_zone();
    http.expect("POST", records, body_of(value), 200, created("c"));
    CHECK(add(task()).has_value());
    CHECK(provider->wants_target());
}

TEST_CASE_METHOD(cloudflare_fixture, "Cloudflare: a value that is there already is success") {
    expect_zone();
    http.expect(
        "POST", records, body_of(value), 400,
        R"({"success":false,"errors":[{"code":81058,"message":"An identical record already exists."}]})");
    CHECK(add(task()).has_value());
}

TEST_CASE_METHOD(cloudflare_fixture, "Cloudflare: only the own value is removed, whatever the list shows") {
    expect_zone();
    const std::string v = value;
    expect_list(record("aa", "\\\"" + std::string(other) + "\\\"") + "," + record("bb", "\\\"" + v + "\\\"") +
                "," + record("cc", v) + "," + record("dd", v, "www.example.com") + "," +
                record("ee", v, "_acme-challenge.www.example.com", "SPF") + "," + record("../ff", v) + ",{}");
    http.expect("DELETE", records + "/bb", "", 200, R"({"result":{"id":"bb"}})");
    http.expect("DELETE", records + "/cc", "", 404, R"({"success":false,"errors":[{"code":81044}]})");
    CHECK(remove(task()).has_value());

    expect_list(record("aa", other));
    CHECK(remove(task()).has_value());
    expect_list("");
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(cloudflare_fixture,
                 "Cloudflare: without a zone the error names those that were tried; removal is done") {
    for (const bool adding : {true, false}) {
        for (const std::string name : {"_acme-challenge.www.example.com", "www.example.com", "example.com"}) {
            http.expect(
                "GET", api + "/zones?name=" + name + "&per_page=50", "", 200,
                R"({"success":true,"result":[{"id":"1","name":"other.example"},{"name":"example.com"}]})");
        }
        const auto outcome = adding ? add(task()) : remove(task());
        CHECK(outcome.has_value() == !adding);
        if (adding) {
            CHECK(outcome.error().code == errc::not_found);
            CHECK(says(outcome, "_acme-challenge.www.example.com, www.example.com, example.com"));
            CHECK(says(outcome, folder / "token"));
        }
    }
}

TEST_CASE_METHOD(cloudflare_fixture,
                 "Cloudflare: with a zone ID nothing is looked up; a wrong one is not kept") {
    solvers::cloudflare_settings settings;
    settings.zone_id = "abc123";
    settings.endpoint = "https://cf.example/v4/";
    settings.ttl = 120;
    with(settings);
    const std::string body = R"({"type":"TXT","name":"_acme-challenge.www.example.com","content":"\")" +
                             std::string(value) + R"(\"","ttl":120})";
    http.expect("POST", "https://cf.example/v4/zones/abc123/dns_records", body, 404,
                R"({"success":false,"errors":[{"code":7003,"message":"Could not route"}]})");
    const auto outcome = add(task());
    CHECK(says(outcome, "7003: Could not route"));
    CHECK(outcome.error().code == errc::not_found);
}

TEST_CASE_METHOD(cloudflare_fixture,
                 "Cloudflare: a token that is none, or may not, is told apart and named") {
    const std::string first = api + "/zones?name=_acme-challenge.www.example.com&per_page=50";
    http.expect("GET", first, "", 400,
                R"({"success":false,"errors":[{"code":6003,"message":"Invalid request headers t0ken"}]})");
    auto outcome = add(task());
    CHECK(outcome.error().code == errc::refused);
    CHECK(says(outcome, "the token in " + (folder / "token") + " is not accepted"));
    CHECK(says(outcome, "6003: Invalid request headers ***")); // never the token itself
    http.expect("GET", first, "", 403,
                R"({"success":false,"errors":[{"code":10000,"message":"Authentication error"}]})");
    outcome = add(task());
    CHECK(outcome.error().code == errc::refused);
    CHECK(says(outcome, "not allowed this; it needs Zone: Zone: Read and Zone: DNS: Edit"));
}

TEST_CASE_METHOD(api_fixture, "Cloudflare: settings that cannot work are refused") {
    solvers::cloudflare_settings settings;
    CHECK_FALSE(solvers::make_cloudflare(world, settings).has_value());
    settings.token = secret();
    CHECK(solvers::make_cloudflare(world, settings).has_value());
    for (const std::string url : {"http://192.0.2.1", "ftp://x", "", "https://x/?y", "https://u:p@x/"}) {
        CAPTURE(url);
        auto bad = settings;
        bad.endpoint = url;
        CHECK_FALSE(solvers::make_cloudflare(world, bad).has_value());
    }
    settings.zone_id = "a/b";
    CHECK_FALSE(solvers::make_cloudflare(world, settings).has_value());
}
