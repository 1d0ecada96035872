#include "solvers/dns01/httpreq.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

const std::string usual =
    R"({"fqdn":"_acme-challenge.www.example.com.","value":"ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8"})";
const std::string raw = R"({"domain":"www.example.com","token":"tok","keyAuth":"tok.thumb"})";

struct httpreq_fixture : api_fixture {
    void with(solvers::httpreq_settings settings) {
        settings.endpoint = "https://dns.example/acme/";
        use(solvers::make_httpreq(world, std::move(settings)));
    }
    httpreq_fixture() { with({}); }

    static std::vector<http_header> plain(const http_request&) {
        return {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
    }
};

} // namespace

TEST_CASE_METHOD(httpreq_fixture,
                 "httpreq: the name with its dot and the value are sent; any 2xx is success") {
    http.headers = plain;
    http.expect("POST", "https://dns.example/acme/present", usual, 200, "whatever");
    CHECK(add(task()).has_value());
    http.expect("POST", "https://dns.example/acme/cleanup", usual, 204, "");
    CHECK(remove(task()).has_value());
    CHECK(provider->wants_target());

    auto elsewhere = task();
    elsewhere.target = "www.acme.example.net";
    http.expect("POST", "https://dns.example/acme/present",
                R"({"fqdn":"www.acme.example.net.","value":")" + std::string(value) + "\"}", 201, "");
    CHECK(add(elsewhere).has_value());
}

TEST_CASE_METHOD(httpreq_fixture,
                 "httpreq: raw mode sends what the CA gave, and leaves CNAMEs to the service") {
    solvers::httpreq_settings settings;
    settings.raw = true;
    with(settings);
    http.headers = plain;
    auto what = task();
    what.target = what.value = "not asked for";
    http.expect("POST", "https://dns.example/acme/present", raw, 200, "");
    CHECK(add(what).has_value());
    http.expect("POST", "https://dns.example/acme/cleanup", raw, 200, "");
    CHECK(remove(what).has_value());
    CHECK_FALSE(provider->wants_target());
}

TEST_CASE_METHOD(httpreq_fixture, "httpreq: basic authentication, with a password of any bytes") {
    solvers::httpreq_settings settings;
    settings.user = "Aladdin";
    settings.password = secret("open sesame\n");
    with(settings);
    http.headers = headers_with({"Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="});
    http.expect("POST", "https://dns.example/acme/present", usual, 200, "");
    CHECK(add(task()).has_value());
    http.expect("POST", "https://dns.example/acme/present", usual, 401, "go away, open sesame");
    const auto outcome = add(task());
    CHECK(says(outcome, "the password in " + (folder / "token") + " is not accepted"));
    CHECK(says(outcome, "go away, ***"));
}

TEST_CASE_METHOD(httpreq_fixture, "httpreq: what is no 2xx is an error with the words of the service") {
    for (const unsigned status : {301U, 400U, 401U, 403U, 404U}) {
        CAPTURE(status);
        http.expect("POST", "https://dns.example/acme/present", usual, status, "no \x1b[31m");
        const auto outcome = add(task());
        CHECK(says(outcome, "HTTP " + std::to_string(status)));
        CHECK(says(outcome, "no \\x1b[31m"));
    }
}

TEST_CASE_METHOD(httpreq_fixture, "httpreq: settings that cannot work are refused") {
    solvers::httpreq_settings settings;
    CHECK_FALSE(solvers::make_httpreq(world, settings).has_value());
    settings.endpoint = "http://my.server.com:9090";
    CHECK_FALSE(solvers::make_httpreq(world, settings).has_value());
    settings.allow_http = true;
    CHECK(solvers::make_httpreq(world, settings).has_value());
    settings.user = "a";
    CHECK_FALSE(solvers::make_httpreq(world, settings).has_value());
    settings.password = secret();
    CHECK(solvers::make_httpreq(world, settings).has_value());
    settings.user = "a:b";
    CHECK_FALSE(solvers::make_httpreq(world, settings).has_value());
}
