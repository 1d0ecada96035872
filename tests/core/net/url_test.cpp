#include "core/net/proxy.hpp"
#include "core/net/resolver.hpp"
#include "core/net/url.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

TEST_CASE("URLs that are taken, and what they become") {
    struct row {
        std::string text, host, target, authority;
        std::uint16_t port;
    };
    const std::vector<row> rows = {
        {"https://acme.example/dir", "acme.example", "/dir", "acme.example", 443},
        {"HTTPS://ACME.Example", "acme.example", "/", "acme.example", 443},
        {"https://acme.example./dir", "acme.example", "/dir", "acme.example", 443},
        {"https://acme.example:14000/dir?a=b&c=%20", "acme.example", "/dir?a=b&c=%20", "acme.example:14000",
         14000},
        {"https://acme.example?x", "acme.example", "/?x", "acme.example", 443},
        {"https://acme.example/a#frag", "acme.example", "/a", "acme.example", 443},
        {"https://acme.example#frag", "acme.example", "/", "acme.example", 443},
        {"https://192.0.2.1:8443/", "192.0.2.1", "/", "192.0.2.1:8443", 8443},
        {"https://[2001:DB8:0::1]/", "2001:db8::1", "/", "[2001:db8::1]", 443},
        {"https://[::1]:14000/", "::1", "/", "[::1]:14000", 14000},
        {"http://host_name/", "host_name", "/", "host_name", 80},
        {"https://localhost:443/", "localhost", "/", "localhost", 443},
        {"https://a.example//b/../c;d=e,f", "a.example", "//b/../c;d=e,f", "a.example", 443},
    };
    for (const auto& r : rows) {
        INFO(r.text);
        const auto url = net::parse_url(r.text);
        REQUIRE(url.has_value());
        CHECK(url->host == r.host);
        CHECK(url->target == r.target);
        CHECK(url->authority() == r.authority);
        CHECK(url->port == r.port);
        CHECK(url->secure == (r.text[4] != ':'));
    }
}

TEST_CASE("URLs that are refused") {
    const std::vector<std::string> rows = {
        "",
        "https",
        "https:",
        "https:/",
        "https://",
        "https:///x",
        "acme.example/dir",
        "//acme.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "httpss://a.example/",
        " https://a.example/",
        "https://a.example/ x",
        "https://a.example/\r\nX: y",
        "https://a.example/\tx",
        std::string("https://a.example/\0x", 20),
        "https://a.example/\x7f",
        "https://b\xc3\xbc.example/",
        "https://a.example/\xff",
        "https://user@a.example/",
        "https://user:pw@a.example/",
        "https://@a.example/",
        "https://good.example@evil.example/",
        "https://a.example:/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:99999999999/",
        "https://a.example:8x/",
        "https://a.example:-1/",
        "https://a.example:+1/",
        "https://:443/",
        "https://a..example/",
        "https://.a.example/",
        "https://a.example../",
        "https://./",
        "https://" + std::string(64, 'a') + ".example/",
        "https://" + std::string(300, 'a') + "/",
        "https://a%2eexample/",
        "https://a.example\\@evil.example/",
        "https://a.example/a\\b",
        "https://a.example/<x>",
        "https://a.example/%",
        "https://a.example/%4",
        "https://a.example/%zz",
        "https://a.example/[x]",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://127.0.0.1.2/",
        "https://256.1.1.1/",
        "https://01.02.03.04/",
        "https://[::1/",
        "https://::1/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[127.0.0.1]/",
        "https://[]/",
        "https://a,b/",
        "https://*.example/",
        "https://a.example/" + std::string(8192, 'a'),
    };
    for (const auto& text : rows) {
        INFO(text);
        const auto url = net::parse_url(text);
        REQUIRE_FALSE(url.has_value());
        CHECK(url.error().code == errc::invalid_argument);
        CHECK(url.error().message.find("evil") == std::string::npos);
    }
}

TEST_CASE("no_proxy lists") {
    struct row {
        std::string list, host;
        std::uint16_t port;
        bool bypass;
    };
    const std::vector<row> rows = {
        {"", "a.example", 443, false},
        {"*", "a.example", 443, true},
        {"example.org", "example.org", 443, true},
        {"example.org", "a.example.org", 443, true},
        {"example.org", "notexample.org", 443, false},
        {"Example.ORG.", "a.example.org", 443, true},
        {".example.org", "a.example.org", 443, true},
        {".example.org", "example.org", 443, false},
        {"*.example.org", "a.example.org", 443, true},
        {" x , , a.example:8443 ", "a.example", 8443, true},
        {"a.example:8443", "a.example", 443, false},
        {"10.0.0.0/8", "10.1.2.3", 443, true},
        {"10.0.0.0/8", "11.1.2.3", 443, false},
        {"10.0.0.0/8", "a.example", 443, false},
        {"10.1.2.3", "10.1.2.3", 443, true},
        {"2001:db8::/32", "2001:db8:1::1", 443, true},
        {"2001:db8::/32", "2001:db9::1", 443, false},
        {"[::1]", "::1", 443, true},
        {"::1", "::1", 443, true},
        {"garbage/99,*bad*", "a.example", 443, false},
    };
    for (const auto& r : rows) {
        INFO(r.list << " " << r.host);
        CHECK(net::bypasses_proxy(r.list, r.host, r.port) == r.bypass);
    }
}

TEST_CASE("Addresses of both families are tried in turn, the preferred first") {
    const auto at = [](const char* text) { return asio::ip::tcp::endpoint(asio::ip::make_address(text), 1); };
    const auto list = net::interleaved({at("::1"), at("::2"), at("::3"), at("127.0.0.1")});
    CHECK(list == net::addresses{at("::1"), at("127.0.0.1"), at("::2"), at("::3")});
    CHECK(net::interleaved({}).empty());
}
