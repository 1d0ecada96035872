#include "core/model/endpoint.hpp"
#include "core/model/identifier.hpp"
#include "core/model/key_type.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;

TEST_CASE("names are brought into the one form a CA knows") {
    CHECK(parse_identifier("WWW.Example.COM.")->value == "www.example.com");
    CHECK(parse_identifier("*.example.com")->wildcard());
    CHECK(parse_identifier("*.example.com")->base() == "example.com");
    CHECK(parse_identifier("xn--bcher-kva.example")->value == "xn--bcher-kva.example");
    CHECK(parse_identifier("203.0.113.7")->type == identifier::kind::ip);
    CHECK(parse_identifier("2001:DB8:0:0:0:0:0:1")->value == "2001:db8::1");
    CHECK(parse_identifier("[2001:db8::1]")->value == "2001:db8::1");
    CHECK(parse_identifier("localhost", true)->value == "localhost");
}

TEST_CASE("what is no name is refused") {
    const auto text = GENERATE(as<std::string>{}, "", ".", "example", "localhost", "a..b", ".example.com",
                               "-a.example", "a-.example", "a b.example", "a_b.example", "*.*.example.com",
                               "foo.*.example", "*example.com", "*.com", "1.2.3.4.5", "1.2.3", "300.1.1.1",
                               "a.b\nc.example", "ex\xc3\xa4mple.com", "a/b.example", "../x.example");
    CAPTURE(text);
    CHECK_FALSE(parse_identifier(text));
}

TEST_CASE("lengths are those of DNS") {
    CHECK(parse_identifier(std::string(63, 'a') + ".example"));
    CHECK_FALSE(parse_identifier(std::string(64, 'a') + ".example"));
    std::string longest;
    while (longest.size() < 240) {
        longest += "abcdefgh.";
    }
    CHECK(parse_identifier(longest + "example"));
    CHECK_FALSE(parse_identifier(longest + longest + "example"));
    CHECK_FALSE(parse_identifier(std::string(1'000'000, 'a')));
    CHECK_FALSE(parse_identifier(std::string_view("1.2.3.4\0x", 9)));
}

TEST_CASE("endpoints are an address and a port") {
    CHECK(parse_endpoint("0.0.0.0:80")->port == 80);
    CHECK(to_string(*parse_endpoint("[::]:80")) == "[::]:80");
    CHECK(to_string(*parse_endpoint("127.0.0.1:0")) == "127.0.0.1:0");
    const auto text =
        GENERATE(as<std::string>{}, "", "80", ":80", "localhost:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
                 "1.2.3.4:-1", "1.2.3.4:80x", "::1:80", "[::1]", "[::1]80", "[1.2.3.4]:80");
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text));
}

TEST_CASE("every key type has one name") {
    for (const key_type type : all_key_types()) {
        CHECK(parse_key_type(to_string(type)) == type);
    }
    CHECK(all_key_types().size() == 6);
    CHECK_FALSE(parse_key_type("rsa"));
}
