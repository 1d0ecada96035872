#include "solvers/dns01/powerdns.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

struct powerdns_fixture : api_fixture {
    powerdns_fixture() {
        solvers::powerdns_settings settings;
        settings.endpoint = "http://127.0.0.1:8081/";
        settings.key = secret();
        use(solvers::make_powerdns(world, settings));
        http.headers = headers_with({"X-API-Key", "t0ken"});
    }

    const std::string zones = "http://127.0.0.1:8081/api/v1/servers/localhost/zones";
    const std::string one =
        zones + "/example.com.?rrset_name=_acme-challenge.www.example.com.&rrset_type=TXT";

    void expect_zone(const std::string& kind = "Native") {
        http.expect("GET", zones + "?zone=_acme-challenge.www.example.com.&dnssec=false", "", 200, "[]");
        http.expect("GET", zones + "?zone=www.example.com.&dnssec=false", "", 200, "[]");
        http.expect("GET", zones + "?zone=example.com.&dnssec=false", "", 200,
                    R"([{"id":"example.net.","name":"example.net.","kind":"Native"},)"
                    R"({"id":"example.com.","name":"example.com.","kind":")" +
                        kind + R"("}])");
    }
    static std::string record(const std::string& text, bool disabled = false) {
        return R"({"content":"\")" + text + R"(\"","disabled":)" + (disabled ? "true}" : "false}");
    }
    void expect_set(const std::string& records) {
        http.expect(
            "GET", one, "", 200,
            R"({"name":"example.com.","rrsets":[)"
            R"({"name":"example.com.","type":"TXT","ttl":1,"records":[{"content":"\"x\""}]},)"
            R"({"name":"_acme-challenge.www.example.com.","type":"A","ttl":1,"records":[]})" +
                (records.empty()
                     ? std::string()
                     : R"(,{"name":"_acme-challenge.www.example.com.","type":"TXT","ttl":300,"records":[)" +
                           records + "]}") +
                "]}");
    }
    static std::string replace(const std::string& records, int ttl) {
        return R"({"rrsets":[{"name":"_acme-challenge.www.example.com.","type":"TXT","ttl":)" +
               std::to_string(ttl) + R"(,"changetype":"REPLACE","records":[)" + records + "]}]}";
    }
};

} // namespace

TEST_CASE_METHOD(powerdns_fixture,
                 "PowerDNS: a set is made, another value joins it, with the TTL that it has") {
    expect_zone();
    expect_set("");
    http.expect("PATCH", zones + "/example.com.", replace(record(value), 0), 204, "");
    REQUIRE(add(task()).has_value());
    CHECK(http.requests.back().allow_http);
    expect_set(record(value));
    http.expect("PATCH", zones + "/example.com.", replace(record(value) + "," + record(other), 300), 204, "");
    REQUIRE(add(task(other)).has_value());
    expect_set(record(value));
    CHECK(add(task()).has_value());
    expect_set(record(other) + "," + record(value, true));
    http.expect("PATCH", zones + "/example.com.", replace(record(other) + "," + record(value), 300), 204, "");
    CHECK(add(task()).has_value()); // was there, but disabled
}

TEST_CASE_METHOD(powerdns_fixture, "PowerDNS: only the own value is removed; with the last the set goes") {
    expect_zone();
    expect_set(record(other, true) + "," + record(value));
    http.expect("PATCH", zones + "/example.com.", replace(record(other, true), 300), 204, "");
    REQUIRE(remove(task()).has_value());
    expect_set(record(value));
    http.expect(
        "PATCH", zones + "/example.com.",
        R"({"rrsets":[{"name":"_acme-challenge.www.example.com.","type":"TXT","changetype":"DELETE"}]})", 204,
        "");
    CHECK(remove(task()).has_value());
    expect_set(record(other));
    CHECK(remove(task()).has_value());
    expect_set("");
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(powerdns_fixture, "PowerDNS: secondaries are told, and a copy of a zone is not written") {
    expect_zone("Master");
    expect_set("");
    http.expect("PATCH", zones + "/example.com.", replace(record(value), 0), 204, "");
    http.expect("PUT", zones + "/example.com./notify", "", 422, R"({"error":"disabled"})");
    CHECK(add(task()).has_value());
    time.advance(std::chrono::minutes(11));
    expect_zone("Slave");
    CHECK(says(add(task()), "the zone example.com is a copy on this server"));
}

TEST_CASE_METHOD(powerdns_fixture,
                 "PowerDNS: a zone of one label is looked for too; odd answers are errors") {
    for (const std::string name : {"_acme-challenge.host.corp", "host.corp", "corp"}) {
        http.expect("GET", zones + "?zone=" + name + ".&dnssec=false", "", 200, "[]");
    }
    CHECK(says(add(task(value, "host.corp")), "host.corp, corp)"));
    for (const std::string answer : {"{}", R"([{"name":"_acme-challenge.www.example.com.","id":"../x"}])",
                                     R"([{"name":"_acme-challenge.www.example.com."}])"}) {
        http.expect("GET", zones + "?zone=_acme-challenge.www.example.com.&dnssec=false", "", 200, answer);
        CHECK(add(task()).error().code == errc::protocol);
    }
    expect_zone();
    http.expect("GET", one, "", 200,
                R"({"rrsets":[{"name":"_acme-challenge.www.example.com.","type":"TXT"}]})");
    CHECK(add(task()).error().code == errc::protocol);
    expect_set("");
    http.expect("PATCH", zones + "/example.com.", replace(record(value), 0), 422, R"({"error":"no good"})");
    CHECK(says(add(task()), "no good"));
}

TEST_CASE_METHOD(api_fixture, "Plain http is for hosts that are known to be our own, or for who says so") {
    const auto made = [&](const std::string& url, bool allow) {
        solvers::powerdns_settings settings;
        settings.endpoint = url;
        settings.key = secret();
        settings.allow_http = allow;
        return solvers::make_powerdns(world, settings).has_value();
    };
    for (const std::string host :
         {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.0.9", "[::1]", "[fd00::1]",
          "[fe80::1]", "localhost", "dns.localhost", "169.254.1.1"}) {
        CAPTURE(host);
        CHECK(made("http://" + host + ":8081", false));
    }
    for (const std::string host : {"192.0.2.1", "172.15.0.1", "172.32.0.1", "11.0.0.1", "[2001:db8::1]",
                                   "dns.example", "localhost.example", "[::ffff:192.0.2.1]"}) {
        CAPTURE(host);
        CHECK_FALSE(made("http://" + host + ":8081", false));
        CHECK(made("http://" + host + ":8081", true));
        CHECK(made("https://" + host, false));
    }
}
