#include "core/lifecycle/registered_domain.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::lifecycle;

TEST_CASE("a CA counts names under their registered domain") {
    struct row {
        const char* name;
        const char* domain;
    };
    const auto [name, domain] = GENERATE(values<row>({
        {"example.com", "example.com"},
        {"www.example.com", "example.com"},
        {"a.b.c.d.example.com", "example.com"},
        {"*.example.com", "example.com"},
        {"*.a.example.com", "example.com"},
        {"www.example.co.uk", "example.co.uk"},
        {"example.co.uk", "example.co.uk"},
        {"co.uk", "co.uk"}, // a suffix counts as itself
        {"*.co.uk", "co.uk"},
        {"com", "com"},
        {"localhost", "localhost"},
        {"someone.github.io", "someone.github.io"}, // private suffixes count too
        {"www.someone.github.io", "someone.github.io"},
        {"github.io", "github.io"},
        {"x.www.ck", "www.ck"}, // "!www.ck": an exception to "*.ck"
        {"a.b.c.ck", "b.c.ck"},
        {"c.ck", "c.ck"},
        {"x.city.kobe.jp", "city.kobe.jp"},
        {"a.b.c.kobe.jp", "b.c.kobe.jp"},
        {"www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"},
        {"www.xn--85x722f.com.cn", "xn--85x722f.com.cn"},
        {"host.corp.internal-zone", "corp.internal-zone"}, // no such suffix: the last label is one
        {"a.pki.test", "pki.test"},
    }));
    CAPTURE(name);
    CHECK(registered_domain(parse_identifier(name, true).value_or(identifier{identifier::kind::dns, name})) ==
          domain);
}

TEST_CASE("an IPv4 address counts for itself, IPv6 for its /64") {
    struct row {
        const char* address;
        const char* counted;
    };
    const auto [address, counted] = GENERATE(values<row>({
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:DB8::1", "2001:db8::/64"},
        {"2001:db8::2:0:0:1", "2001:db8::/64"},
        {"2001:db8:0:1::", "2001:db8:0:1::/64"},
        {"::1", "::/64"},
        {"[fe80::1]", "fe80::/64"},
    }));
    const auto name = parse_identifier(address);
    REQUIRE(name);
    CHECK(registered_domain(*name) == counted);
}

TEST_CASE("values that no parser made do no harm") {
    for (const char* odd :
         {"", ".", "..", "...com", "a..b", "*.", "*", "-", "x.", "\xff\xfe.com", "EXAMPLE.COM"}) {
        CAPTURE(odd);
        CHECK_NOTHROW(registered_domain({identifier::kind::dns, odd}));
        CHECK_NOTHROW(registered_domain({identifier::kind::ip, odd}));
    }
    const std::string longest(100'000, 'a');
    CHECK(!registered_domain({identifier::kind::dns, longest}).empty());
}
