#include "solvers/dns01/hetzner.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct hetzner_fixture : api_fixture {
    hetzner_fixture() {
        solvers::hetzner_settings settings;
        settings.token = secret();
        use(solvers::make_hetzner(world, settings));
        http.headers = headers_with({"Authorization", "Bearer t0ken"});
    }

    const std::string api = "https://api.hetzner.cloud/v1";
    const std::string set = api + "/zones/example.com/rrsets/_acme-challenge.www/TXT";
    const std::string none = R"({"error":{"code":"not_found","message":"not found"}})";

    void expect_zone(const std::string& mode = "primary") {
        http.expect("GET", api + "/zones/_acme-challenge.www.example.com", "", 404, none);
        http.expect("GET", api + "/zones/www.example.com", "", 404, none);
        http.expect("GET", api + "/zones/example.com", "", 200,
                    R"({"zone":{"id":42,"name":"example.com","mode":")" + mode + R"(","ttl":10800}})");
    }
    void expect_set(const std::vector<std::string>& values) {
        std::string list;
        for (const auto& each : values) {
            list += (list.empty() ? "" : ",") + (R"({"value":"\")" + each + R"(\"","comment":""})");
        }
        http.expect("GET", set, "", 200,
                    R"({"rrset":{"name":"_acme-challenge.www","type":"TXT","ttl":null,"records":[)" + list +
                        "]}}");
    }
    static std::string records(const std::string& text) {
        return R"("records":[{"value":"\")" + text + R"(\""}])";
    }
    static std::string action(const std::string& status) {
        return R"({"action":{"id":7,"command":"add_rrset_records","status":")" + status +
               R"(","error":null}})";
    }
};

} // namespace

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: a set is made with our TTL, and the action is waited for") {
    expect_zone();
    http.expect("GET", set, "", 404, none);
    http.expect("POST", set + "/actions/add_records", R"({"ttl":60,)" + records(value) + "}", 201,
                action("running"));
    http.expect("GET", api + "/actions/7", "", 200, action("running"));
    http.expect("GET", api + "/actions/7", "", 200, action("success"));
    const auto begun = time.steady_now();
    REQUIRE(add(task()).has_value());
    CHECK(time.steady_now() - begun == seconds(2));
}

TEST_CASE_METHOD(hetzner_fixture,
                 "Hetzner: to a set that is there the value is added without a TTL; again is success") {
    expect_zone();
    expect_set({other});
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 201, action("success"));
    REQUIRE(add(task()).has_value());
    expect_set({other, value});
    CHECK(add(task()).has_value());
}

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: only the own value is removed, as it is written there") {
    expect_zone();
    expect_set({other, value});
    http.expect("POST", set + "/actions/remove_records", "{" + records(value) + "}", 201, action("success"));
    REQUIRE(remove(task()).has_value());
    expect_set({other});
    CHECK(remove(task()).has_value());
    http.expect("GET", set, "", 404, none);
    CHECK(remove(task()).has_value());
    expect_set({value});
    http.expect("POST", set + "/actions/remove_records", "{" + records(value) + "}", 404,
                none); // somebody was faster
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: a locked zone is waited for, a failed action is an error") {
    expect_zone();
    expect_set({other});
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 423,
                R"({"error":{"code":"locked","message":"busy"}})");
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 409,
                R"({"error":{"code":"conflict","message":"changed"}})");
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 201, action("error"));
    const auto outcome = add(task());
    CHECK(outcome.error().code == errc::refused);
    CHECK(says(outcome, "the action that it started has failed"));
}

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: a refusal after a broken exchange is looked into") {
    expect_zone();
    expect_set({other});
    http.expect_failure("POST", set + "/actions/add_records", "{" + records(value) + "}", errc::network);
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 422,
                R"({"error":{"code":"invalid_input","message":"duplicate"}})");
    expect_set({other, value});
    CHECK(add(task()).has_value());
    expect_set({other});
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 422,
                R"({"error":{"code":"invalid_input","message":"duplicate"}})");
    CHECK(says(add(task()), "invalid_input: duplicate"));
}

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: a secondary zone cannot be changed there, and that is said") {
    expect_zone("secondary");
    CHECK(says(add(task()), "the zone example.com is secondary at Hetzner"));
}

TEST_CASE_METHOD(hetzner_fixture, "Hetzner: an action that never ends ends with our deadline") {
    expect_zone();
    expect_set({});
    http.expect("POST", set + "/actions/add_records", "{" + records(value) + "}", 201, action("running"));
    for (int i = 0; i < 59; ++i) {
        http.expect("GET", api + "/actions/7", "", 200, action("running"));
    }
    const auto outcome = add(task());
    CHECK(outcome.error().code == errc::timed_out);
    CHECK(says(outcome, "adding the record was done"));
}
