#include "solvers/dns01/aws_signature.hpp"
#include "solvers/dns01/route53.hpp"
#include "solvers/dns01/route53_text.hpp"
#include "tests/solvers/dns01/api_fixture.hpp"

using namespace evercert;
using namespace evercert::testing;

namespace {

const std::string host = "https://route53.amazonaws.com/2013-04-01/";
const std::string space = R"( xmlns="https://route53.amazonaws.com/doc/2013-04-01/")";
const std::string challenge = "_acme-challenge.www.example.com";

std::string zone(const std::string& name, const std::string& id, bool is_private = false) {
    return "<HostedZone><Id>/hostedzone/" + id + "</Id><Name>" + name +
           ".</Name><CallerReference>r</CallerReference><Config><Comment>&lt;ours&gt;</"
           "Comment><PrivateZone>" +
           (is_private ? "true" : "false") + "</PrivateZone></Config></HostedZone>";
}

std::string set_of(const std::string& name, const std::string& records, const std::string& more = "") {
    return "<ResourceRecordSet><Name>" + name + ".</Name><Type>TXT</Type>" + more +
           "<TTL>300</TTL><ResourceRecords>" + records + "</ResourceRecords></ResourceRecordSet>";
}
std::string record(const std::string& text) {
    return "<ResourceRecord><Value>&quot;" + text + "&quot;</Value></ResourceRecord>";
}

struct route53_fixture : api_fixture {
    route53_fixture() {
        solvers::route53_settings settings;
        settings.access_key_id = "AKIDEXAMPLE";
        with(settings);
    }
    void with(solvers::route53_settings settings, const std::string& file = "sEcret+/\n") {
        settings.secret = secret(file);
        use(solvers::make_route53(world, settings));
        http.headers = [this](const http_request& request) { return signed_headers(request); };
    }
    /// As another signing of the same request at the same moment has them.
    std::vector<http_header> signed_headers(const http_request& request) const {
        http_request again(request.method, request.url);
        again.body = request.body;
        again.headers = {{"Accept", "text/xml"}};
        if (!request.body.empty()) {
            again.headers.emplace_back("Content-Type", "text/xml");
        }
        solvers::aws_credentials by;
        by.access_key_id = "AKIDEXAMPLE";
        by.secret_access_key = crypto::secret(std::string("sEcret+/"));
        REQUIRE(sign_aws(again, by, solvers::aws_scope("us-east-1", "route53"), time.now()).has_value());
        return again.headers;
    }

    const std::string sets = host + "hostedzone/Z1PA6795UKMFR9/rrset";

    void expect_zone() {
        const auto ask = [&](const std::string& name, const std::string& zones) {
            http.expect("GET", host + "hostedzonesbyname?dnsname=" + name + ".&maxitems=100", "", 200,
                        "<?xml version=\"1.0\"?>\n<ListHostedZonesByNameResponse" + space + "><HostedZones>" +
                            zones +
                            "</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>");
        };
        ask(challenge, zone("example.net", "ZOTHER"));
        ask("www.example.com", "");
        ask("example.com", zone("example.com", "ZPRIVATE", true) + zone("example.com", "Z1PA6795UKMFR9") +
                               zone("sub.example.com", "ZSUB"));
    }
    void expect_set(const std::string& shown) {
        http.expect(
            "GET", sets + "?maxitems=1&name=" + challenge + ".&type=TXT", "", 200,
            "<ListResourceRecordSetsResponse" + space + "><ResourceRecordSets>" + shown +
                "</ResourceRecordSets><IsTruncated>true</IsTruncated></ListResourceRecordSetsResponse>");
    }
    static std::string batch(const std::string& changes) {
        return R"(<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest)" + space +
               "><ChangeBatch><Changes>" + changes +
               "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
    }
    static std::string change(const std::string& action, const std::string& records, int ttl) {
        return "<Change><Action>" + action + "</Action><ResourceRecordSet><Name>" + challenge +
               ".</Name><Type>TXT</Type><TTL>" + std::to_string(ttl) + "</TTL><ResourceRecords>" + records +
               "</ResourceRecords></ResourceRecordSet></Change>";
    }
    static std::string state(const std::string& status) {
        return "<R" + space + "><ChangeInfo><Id>/change/C2682N5HXP0BZ4</Id><Status>" + status +
               "</Status><SubmittedAt>x</SubmittedAt></ChangeInfo></R>";
    }
};

} // namespace

TEST_CASE_METHOD(route53_fixture,
                 "Route 53: a set is made in the public zone and waited for, without holding others up") {
    expect_zone();
    expect_set(set_of("_acme-challenge.zzz.example.com", record(value))); // the next of the zone is shown
    http.expect("POST", sets, batch(change("CREATE", record(value), 10)), 200, state("PENDING"));
    http.expect("GET", host + "change/C2682N5HXP0BZ4", "", 200, state("PENDING"));
    auto first = start(provider->add(task()));
    time.advance(seconds(5));
    REQUIRE_FALSE(first->ended());
    expect_set(set_of(challenge, record(value)));
    http.expect(
        "POST", sets,
        batch(change("DELETE", record(value), 300) + change("CREATE", record(value) + record(other), 300)),
        200, state("INSYNC"));
    auto second = start(provider->add(task(other)));
    time.run_ready();
    REQUIRE(second->ended());
    CHECK(second->outcome->has_value());
    http.expect("GET", host + "change/C2682N5HXP0BZ4", "", 200, state("INSYNC"));
    time.advance(seconds(4));
    REQUIRE(first->ended());
    CHECK(first->outcome->has_value());
}

TEST_CASE_METHOD(route53_fixture,
                 "Route 53: again is success; only the own value is removed, with the last the set") {
    expect_zone();
    expect_set(set_of(challenge, record(other) + record(value)));
    REQUIRE(add(task()).has_value());
    expect_set(set_of(challenge, record(other) + record(value) + record("a\\&quot;b &amp; c")));
    http.expect("POST", sets,
                batch(change("DELETE", record(other) + record(value) + record("a\\&quot;b &amp; c"), 300) +
                      change("CREATE", record(other) + record("a\\&quot;b &amp; c"), 300)),
                200, state("PENDING"));
    REQUIRE(remove(task()).has_value());
    expect_set(set_of(challenge, record(value)));
    http.expect("POST", sets, batch(change("DELETE", record(value), 300)), 200, state("PENDING"));
    CHECK(remove(task()).has_value());
    expect_set("");
    CHECK(remove(task()).has_value());
    expect_set(set_of(challenge, record(other)));
    CHECK(remove(task()).has_value());
}

TEST_CASE_METHOD(route53_fixture,
                 "Route 53: somebody who was faster is noticed, and what they wrote is kept") {
    expect_zone();
    expect_set("");
    http.expect("POST", sets, batch(change("CREATE", record(value), 10)), 400,
                "<InvalidChangeBatch" + space +
                    "><Messages><Message>already exists</Message></Messages></InvalidChangeBatch>");
    expect_set(set_of(challenge, record(other)));
    http.expect(
        "POST", sets,
        batch(change("DELETE", record(other), 300) + change("CREATE", record(other) + record(value), 300)),
        200, state("INSYNC"));
    CHECK(add(task()).has_value());

    for (int i = 0; i < 5; ++i) {
        expect_set("");
        http.expect("POST", sets, batch(change("CREATE", record(value), 10)), 400,
                    "<ErrorResponse" + space +
                        "><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>a CNAME is "
                        "there</Message></Error></ErrorResponse>");
    }
    CHECK(says(add(task()), "InvalidChangeBatch: a CNAME is there"));
}

TEST_CASE_METHOD(route53_fixture, "Route 53: throttling is waited for, a refusal shown with its code") {
    expect_zone();
    expect_set("");
    const std::string write = batch(change("CREATE", record(value), 10));
    const auto refused = [&](const std::string& code) {
        return "<ErrorResponse" + space + "><Error><Type>Sender</Type><Code>" + code +
               "</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>";
    };
    http.expect("POST", sets, write, 400, refused("Throttling"));
    http.expect("POST", sets, write, 400, refused("PriorRequestNotComplete"));
    http.expect("POST", sets, write, 200, state("INSYNC"));
    const auto begun = time.steady_now();
    REQUIRE(add(task()).has_value());
    CHECK(time.steady_now() - begun == seconds(10));

    expect_set("");
    http.expect("POST", sets, write, 403, refused("AccessDenied"));
    const auto outcome = add(task());
    CHECK(says(outcome, "AccessDenied: Rate exceeded"));
    CHECK(says(outcome, "route53:ListHostedZonesByName"));
    CHECK(outcome.error().code == errc::refused);
}

TEST_CASE_METHOD(route53_fixture, "Route 53: a zone's ID and a shared credentials file") {
    solvers::route53_settings settings;
    settings.hosted_zone_id = "Z1PA6795UKMFR9";
    settings.profile = "dns";
    settings.wait_for_sync = false;
    settings.ttl = 60;
    with(settings, "[default]\n[dns]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = sEcret+/\n");
    expect_set("");
    http.expect("POST", sets, batch(change("CREATE", record(value), 60)), 200, state("PENDING"));
    CHECK(add(task()).has_value());
    with(settings, "[default]\n");
    const auto outcome = add(task());
    CHECK(says(outcome, (folder / "token") + ": there is no profile [dns]"));

    settings.secret = secret();
    for (auto* text : {&settings.access_key_id, &settings.hosted_zone_id, &settings.region}) {
        const auto good = *text;
        *text = "a b";
        CHECK_FALSE(solvers::make_route53(world, settings).has_value());
        *text = good;
    }
    settings.region.clear();
    CHECK_FALSE(solvers::make_route53(world, settings).has_value());
}

TEST_CASE_METHOD(route53_fixture, "Route 53: sets with routing policies and odd answers are errors") {
    expect_zone();
    expect_set(set_of(challenge, record(value), "<SetIdentifier>blue</SetIdentifier><Weight>1</Weight>"));
    auto outcome = add(task());
    CHECK(outcome.error().code == errc::unsupported);
    CHECK(says(outcome, "routing policy"));
    for (const std::string body : {"<x/>", "", "{}", "<ListResourceRecordSetsResponse/>"}) {
        CAPTURE(body);
        http.expect("GET", sets + "?maxitems=1&name=" + challenge + ".&type=TXT", "", 200, body);
        CHECK(add(task()).error().code == errc::protocol);
    }
    expect_set("<ResourceRecordSet><Name>" + challenge +
               ".</Name><Type>TXT</Type><TTL>1x</TTL><ResourceRecords/></ResourceRecordSet>");
    CHECK(add(task()).error().code == errc::protocol);
    for (const std::string body : {"<R/>", "<R><ChangeInfo><Id>a/b</Id></ChangeInfo></R>", "nonsense"}) {
        expect_set("");
        http.expect("POST", sets, batch(change("CREATE", record(value), 10)), 200, body);
        CHECK(add(task()).error().code == errc::protocol);
    }
    const auto bad_id =
        solvers::parse_xml("<ListHostedZonesByNameResponse><HostedZones>" + zone("a.b", "../x") +
                           "</HostedZones></ListHostedZonesByNameResponse>");
    CHECK_FALSE(solvers::route53_zone(*bad_id, "a.b").has_value());
}
