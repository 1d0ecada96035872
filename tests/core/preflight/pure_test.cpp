// What needs neither a network nor a clock.
#include "core/preflight/caa_rules.hpp"
#include "core/preflight/own_network.hpp"
#include "core/preflight/redirect.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::survey;
using boost::asio::ip::make_address;

TEST_CASE("Addresses that the internet does not reach are known by name") {
    struct row {
        std::string address;
        std::string what; ///< empty: a public one
    };
    const std::vector<row> rows = {
        {"10.255.0.1", "RFC 1918"},
        {"172.16.0.1", "RFC 1918"},
        {"172.31.255.255", "RFC 1918"},
        {"172.32.0.1", ""},
        {"192.168.1.1", "RFC 1918"},
        {"100.64.0.1", "RFC 6598"},
        {"100.127.255.255", "RFC 6598"},
        {"100.128.0.1", ""},
        {"127.1.2.3", "loopback"},
        {"169.254.1.1", "link-local"},
        {"192.0.2.7", "documentation"},
        {"203.0.113.7", "documentation"},
        {"224.0.0.1", "multicast"},
        {"255.255.255.255", "reserved"},
        {"0.0.0.0", "0.0.0.0/8"},
        {"8.8.8.8", ""},
        {"198.18.0.1", "RFC 2544"},
        {"198.20.0.1", ""},
        {"::1", "loopback"},
        {"::", "means nothing"},
        {"fe80::1", "link-local"},
        {"fd00::1", "RFC 4193"},
        {"fc00::1", "RFC 4193"},
        {"ff02::1", "multicast"},
        {"2001:db8::1", "documentation"},
        {"2a00::1", ""},
        {"4000::1", "2000::/3"},
    };
    for (const row& each : rows) {
        INFO(each.address);
        const std::string what(special_use(make_address(each.address)));
        CHECK(what.empty() == each.what.empty());
        CHECK(what.find(each.what) != std::string::npos);
    }
}

TEST_CASE("Whether packets to an address go through a translator") {
    own_network home;
    home.addresses = {make_address("127.0.0.1"), make_address("10.0.0.5"), make_address("fe80::1")};
    own_network host;
    host.addresses = {make_address("8.8.4.4"), make_address("2a00::5")};
    CHECK(home.behind_translation(make_address("8.8.8.8")));
    CHECK_FALSE(home.behind_translation(make_address("10.0.0.9")));
    CHECK_FALSE(host.behind_translation(make_address("8.8.8.8")));
    CHECK_FALSE(own_network().behind_translation(make_address("8.8.8.8")));
    CHECK(home.is_own(make_address("10.0.0.5")));
    CHECK(home.is_own(make_address("127.9.9.9")));
    CHECK_FALSE(home.is_own(make_address("10.0.0.6")));
    CHECK_FALSE(home.has_ipv6());
    CHECK(host.has_ipv6());
}

TEST_CASE("Where a Location leads, and whether CAs go there") {
    const auto at = net::parse_url("http://one.test/a/b?c=d").value();
    const auto secure = net::parse_url("https://one.test/").value();
    struct row {
        std::string location;
        std::string leads; ///< empty: nowhere
    };
    const std::vector<row> rows = {
        {"http://two.test/x", "http two.test:80/x"},
        {"HTTPS://Two.Test", "https two.test:443/"},
        {"//two.test/x", "http two.test:80/x"},
        {"/x?y", "http one.test:80/x?y"},
        {"x", "http one.test:80/a/x"},
        {"?x", "http one.test:80/a/b?x"},
        {"http://two.test:443/", "http two.test:443/"},
        {"http://two.test:8080/", ""},
        {"http://192.0.2.1/", ""},
        {"http://[2001:db8::1]/", ""},
        {"http://192.0.2.9/", "http 192.0.2.9:80/"}, // the address that is proven
        {"http://0x7f000001/", ""},
        {"ftp://two.test/", ""},
        {"javascript:alert(1)", ""},
        {"http://user@two.test/", ""},
        {"http://two.test/\r\nX: y", ""},
        {"", "http one.test:80/a/"},
    };
    for (const row& each : rows) {
        INFO(each.location);
        const auto next = next_of(at, each.location, "192.0.2.9");
        CHECK(next.has_value() == !each.leads.empty());
        if (next) {
            CHECK((next->secure ? "https " : "http ") + next->origin() + next->target == each.leads);
        }
    }
    CHECK(next_of(secure, "/x", "").value().secure);
    CHECK(is_redirect(308));
    CHECK_FALSE(is_redirect(304));
}

TEST_CASE("CAA records say who may issue, for whom and how") {
    struct record {
        std::string tag;
        std::string value;
        bool critical = false;
    };
    struct row {
        std::string title;
        std::vector<record> records;
        finding_weight weight;
        std::string words;
        bool wildcard = false;
    };
    constexpr auto good = finding_weight::good;
    constexpr auto unsure = finding_weight::unsure;
    constexpr auto trouble = finding_weight::trouble;
    const std::string ours = "accounturi=https://ca.test/acct/7";
    const std::vector<row> rows = {
        {"ours", {{"issue", "ca.test"}}, good, ""},
        {"ours in other letters", {{"issue", " CA.Test. "}}, good, ""},
        {"ours by its second name", {{"issue", "ca2.test"}}, good, ""},
        {"beside another", {{"issue", "other.test"}, {"issue", "ca.test"}}, good, ""},
        {"nobody", {{"issue", ";"}}, trouble, "only other CAs"},
        {"empty", {{"issue", ""}}, trouble, "only other CAs"},
        {"another", {{"issue", "other.test"}}, trouble, "one.test. CAA 0 issue \"ca.test\""},
        {"only reports", {{"iodef", "mailto:a@b.test"}}, good, "None of them"},
        {"only wildcards are named, and it is none", {{"issuewild", ";"}}, good, "None of them"},
        {"wildcard by issue", {{"issue", "ca.test"}}, good, "", true},
        {"wildcard by issuewild", {{"issue", ";"}, {"issuewild", "ca.test"}}, good, "", true},
        {"wildcard forbidden", {{"issue", "ca.test"}, {"issuewild", ";"}}, trouble, "CAA 0 issuewild", true},
        {"our account", {{"issue", "ca.test; " + ours}}, good, ""},
        {"tags in other letters", {{"issue", "ca.test; AccountURI=https://ca.test/acct/7"}}, good, ""},
        {"another account", {{"issue", "ca.test; " + ours + "0"}}, trouble, "set " + ours},
        {"two accounts", {{"issue", "ca.test; " + ours + ";" + ours}}, trouble, "another account"},
        {"another account, and ours",
         {{"issue", "ca.test; accounturi=x:y"}, {"issue", "ca.test;" + ours}},
         good,
         ""},
        {"our method", {{"issue", "ca.test; validationmethods=dns-01,http-01"}}, good, ""},
        {"another method", {{"issue", "ca.test; validationmethods=dns-01"}}, trouble, "add http-01"},
        {"our second method",
         {{"issue", "ca.test; validationmethods=tls-alpn-01"}},
         unsure,
         "though tls-alpn-01 is"},
        {"malformed", {{"issue", "ca.test; nonsense"}}, trouble, "only other CAs"},
        {"unknown, critical", {{"issue", "ca.test"}, {"tbs", "unknown", true}}, trouble, "critical tag tbs"},
        {"unknown, not critical", {{"issue", "ca.test"}, {"tbs", "unknown"}}, good, ""},
        {"known, critical", {{"issue", "ca.test", true}}, good, "128 issue"},
        {"hostile", {{"issue", "\x1b[2J\n" + std::string(5000, 'x')}}, trouble, "\\x1b"},
    };
    caa_question asked;
    asked.identities = {"ca.test", "ca2.test"};
    asked.account_url = "https://ca.test/acct/7";
    asked.methods = {"http-01", "tls-alpn-01"};
    for (const row& each : rows) {
        INFO(each.title);
        std::vector<dns_record> records;
        for (const record& r : each.records) {
            auto& made = records.emplace_back();
            made.name = "one.test";
            made.type = dns_type::caa;
            made.caa_tag = r.tag;
            made.value = r.value;
            made.caa_critical = r.critical;
        }
        asked.wildcard = each.wildcard;
        const auto got = judge_caa(records, asked, "one.test");
        INFO(got.seen << " | " << got.change);
        CHECK(got.weight == each.weight);
        CHECK((got.seen + got.change).find(each.words) != std::string::npos);
        CHECK(got.change.empty() == (each.weight == good));
        CHECK(got.seen.size() < 3000);
        CHECK(got.seen.find('\x1b') == std::string::npos);
        auto nameless = asked;
        nameless.identities.clear();
        const auto unsaid = judge_caa(records, nameless, "one.test");
        CHECK(unsaid.weight <= (each.title == "unknown, critical" ? trouble : unsure));
    }
    asked.account_url.clear();
    dns_record one;
    one.caa_tag = "issue";
    one.value = "ca.test; " + ours;
    asked.wildcard = false;
    CHECK(judge_caa({one}, asked, "one.test").weight == unsure);
}
