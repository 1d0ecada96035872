#include "solvers/dns01/digitalocean.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct digitalocean_fixture : api_fixture {
    digitalocean_fixture() {
        solvers::digitalocean_settings settings;
        settings.token = secret();
        use(solvers::make_digitalocean(world, settings));
        http.headers = headers_with({"Authorization", "Bearer t0ken"});
    }

    const std::string domains = "https://api.digitalocean.com/v2/domains/";
    const std::string records = domains + "example.com/records";

    void expect_zone() {
        http.expect("GET", domains + "_acme-challenge.www.example.com", "", 404, R"({"id":"not_found"})");
        http.expect("GET", domains + "www.example.com", "", 404, R"({"id":"not_found"})");
        http.expect("GET", domains + "example.com", "", 200, R"({"domain":{"name":"example.com"}})");
    }
    void expect_list(const std::string& list) {
        http.expect("GET", records + "?type=TXT&name=_acme-challenge.www.example.com&per_page=200", "", 200,
                    R"({"domain_records":[)" + list + R"(],"links":{},"meta":{"total":1}})");
    }
    static std::string record(int id, const std::string& data,
                              const std::string& name = "_acme-challenge.www") {
        return R"({"id":)" + std::to_string(id) + R"(,"type":"TXT","name":")" + name + R"(","data":")" +
               data + R"(","ttl":30})";
    }
    static std::string body_of(const std::string& data) {
        return R"({"type":"TXT","name":"_acme-challenge.www","data":")" + data + R"(","ttl":30})";
    }
};

} // namespace

TEST_CASE_METHOD(digitalocean_fixture,
                 "DigitalOcean: a record is made in the longest domain of the account") {
    expect_zone();
    expect_list("");
    http.expect("POST", records, body_of(value), 201, R"({"domain_record":{"id":28448432}})");
    REQUIRE(add(task()).has_value());
    expect_list(record(1, value));
    http.expect("POST", records, body_of(other), 201, R"({"domain_record":{"id":28448433}})");
    CHECK(add(task(other)).has_value());
    expect_list(record(1, value) + "," + record(2, other));
    CHECK(add(task(other)).has_value()); // is there
}

TEST_CASE_METHOD(digitalocean_fixture, "DigitalOcean: only the own value is removed") {
    expect_zone();
    expect_list(record(1, other) + "," + record(2, value) + "," + record(3, value, "www") + "," +
                record(4, value));
    http.expect("DELETE", records + "/2", "", 204, "");
    http.expect("DELETE", records + "/4", "", 404, R"({"id":"not_found","message":"gone"})");
    REQUIRE(remove(task()).has_value());
    expect_list(record(1, other));
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(digitalocean_fixture,
                 "DigitalOcean: what it says of a failure is shown, and a lost domain is looked for anew") {
    expect_zone();
    expect_list("");
    http.expect("POST", records, body_of(value), 422,
                R"({"id":"unprocessable_entity","message":"Data can't be blank"})");
    const auto outcome = add(task());
    CHECK(says(outcome, "unprocessable_entity: Data can't be blank"));
    CHECK(outcome.error().code == errc::refused);
    http.expect("GET", records + "?type=TXT&name=_acme-challenge.www.example.com&per_page=200", "", 404,
                R"({"id":"not_found"})");
    CHECK(add(task()).error().code == errc::not_found);
    expect_zone();
    expect_list(record(1, value));
    CHECK(add(task()).has_value());
}

TEST_CASE_METHOD(digitalocean_fixture, "DigitalOcean: a configured domain is asked for alone") {
    solvers::digitalocean_settings settings;
    settings.token = secret();
    settings.zone = "example.com";
    use(solvers::make_digitalocean(world, settings));
    http.expect("GET", domains + "example.com", "", 200, "{}");
    expect_list(record(1, value));
    CHECK(add(task()).has_value());
    const auto outside = add(task(value, "www.example.net"));
    CHECK(outside.error().code == errc::invalid_argument);
    CHECK(says(outside, "does not lie in the configured zone example.com"));
    http.expect("GET", domains + "example.com", "", 404, "{}");
    CHECK(says(add(task(value, "b.example.com")),
               "the configured zone example.com cannot be seen with the token in"));
    settings.zone = "Example.com";
    CHECK_FALSE(solvers::make_digitalocean(world, settings).has_value());
}
