#include "config/names.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace evercert;
using namespace evercert::config;

TEST_CASE("names become A-labels in lower case") {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"example.com", "example.com"},
        {"WWW.Example.COM.", "www.example.com"},
        {"bücher.example", "xn--bcher-kva.example"},
        {"BÜCHER.Example", "xn--bcher-kva.example"},
        {"bu\xCC\x88"
         "cher.example",
         "xn--bcher-kva.example"}, // decomposed: NFC puts it together
        {"日本語.jp", "xn--wgv71a119e.jp"},
        {"日本語。jp", "xn--wgv71a119e.jp"},         // the ideographic full stop is a dot
        {"straße.example", "xn--strae-oqa.example"}, // non-transitional: not "strasse"
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"xn--i-7iq.ws", "xn--i-7iq.ws"}, // an emoji that IDNA2008 disallows and a registry sold
        {"*.bücher.example", "*.xn--bcher-kva.example"},
        {"*.Example.com", "*.example.com"},
    };
    for (const auto& [in, out] : table) {
        CAPTURE(in);
        const auto name = parse_name(in);
        REQUIRE(name.has_value());
        CHECK(name->type == identifier::kind::dns);
        CHECK(name->value == out);
    }
}

TEST_CASE("what cannot be a name is refused with a reason") {
    const std::vector<std::string> table = {
        "",
        ".",
        "..",
        "a",
        "-a.example",
        "a-.example",
        "a..b",
        "a b.example",
        "a_b.example",
        "*",
        "*.",
        "a.*.example",
        "**.example",
        "*.*.example",
        "a.example/b",
        "bü/cher.example",
        "bü_cher.example",
        "bü cher.example",
        "xn--.example",
        "xn--99999999999.example",
        "xn--bcher-kva-.example",
        "\xE2\x80\xAE"
        "evil.example",
        "a\xE2\x80\xA8"
        "b.example",
        "１.２.３.４",
        "＊.example.com",
        "日本語",
        std::string(64, 'a') + ".example",
        "ü" + std::string(63, 'a') + ".example",
        std::string(2000, 'a'),
        std::string("a\0b.example", 11),
        "1.2.3.4.5",
        "1.2.3",
        "256.1.1.1",
        "[::1",
        "::g",
    };
    for (const auto& in : table) {
        CAPTURE(in);
        const auto name = parse_name(in);
        CHECK(!name.has_value());
        if (!name) {
            CHECK(!name.error().message.empty());
        }
    }
    CHECK(parse_name("host", true).has_value());
    CHECK(parse_name("bücher", true)->value == "xn--bcher-kva");
}

TEST_CASE("addresses pass in one form") {
    CHECK(*parse_name("192.0.2.1") == identifier{identifier::kind::ip, "192.0.2.1"});
    CHECK(*parse_name("2001:DB8:0:0::1") == identifier{identifier::kind::ip, "2001:db8::1"});
    CHECK(*parse_name("[2001:db8::1]") == identifier{identifier::kind::ip, "2001:db8::1"});
}

TEST_CASE("a certificate's folder is safe whatever its first name") {
    auto folder = [](std::string_view name) { return directory_name(*parse_name(name)); };
    CHECK(folder("example.com") == "example.com");
    CHECK(folder("*.example.com") == "wildcard.example.com");
    CHECK(folder("Bücher.example") == "xn--bcher-kva.example");
    CHECK(folder("192.0.2.1") == "192.0.2.1");
    CHECK(folder("2001:db8::1") == "2001-db8--1");
    CHECK(folder("::1") == "0--1");
    CHECK(folder("::ffff:192.0.2.1") == "0--ffff-192.0.2.1");
    for (const char* name : {"example.com", "*.example.com", "2001:db8::1", "::1", "::", "fe80::"}) {
        CAPTURE(name);
        CHECK(is_safe_name(folder(name)));
    }
}

TEST_CASE("safe names") {
    for (const char* good : {"a", "0", "example", "a.b-c_d", "9--"}) {
        CHECK(is_safe_name(good));
    }
    for (const char* bad : {"", ".", "..", ".a", "-a", "_a", "A", "a/b", "a b", "ä", "a\n"}) {
        CAPTURE(bad);
        CHECK(!is_safe_name(bad));
    }
    CHECK(is_safe_name(std::string(100, 'a')));
    CHECK(!is_safe_name(std::string(101, 'a')));
}
