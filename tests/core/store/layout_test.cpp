#include "core/store/layout.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using storage::check_name;
namespace layout = evercert::storage::layout;

TEST_CASE("names that may be part of a path") {
    for (std::string good :
         {"example", "wildcard.example.com", "xn--bcher-kva.example", "2001-db8--1", "_acme", "A.b"}) {
        CAPTURE(good);
        CHECK(check_name(good).has_value());
    }
    for (std::string bad : {"", ".", "..", "...", ".hidden", "a/b", "../a", "a\\b", "a b", "*.example.com",
                            "a\n", "a:b", "[::1]", "a%2f", "\xc3\xa4"}) {
        CAPTURE(bad);
        REQUIRE(!check_name(bad).has_value());
        CHECK(check_name(bad).error().code == errc::invalid_argument);
    }
    CHECK(!check_name(std::string("a\0", 2)).has_value());
    CHECK(check_name(std::string(200, 'a')).has_value());
    CHECK(!check_name(std::string(201, 'a')).has_value());
}

TEST_CASE("version numbers have one name each") {
    CHECK(layout::version_name(1) == "0001");
    CHECK(layout::version_name(9999) == "9999");
    CHECK(layout::version_name(10000) == "10000");
    for (unsigned number : {1U, 42U, 9999U, 10000U, 123456U, 4294967295U}) {
        CHECK(layout::parse_version_name(layout::version_name(number)) == number);
    }
    for (const char* bad : {"", "0", "0000", "1", "001", "00001", "010000", "+001", "-001", "1e10",
                            "12345678901234567890", "0001 ", " 001", "0x01", "abcd"}) {
        CAPTURE(bad);
        CHECK(layout::parse_version_name(bad) == std::nullopt);
    }
    CHECK(layout::version_of("x", "certificates/x/versions/0012") == 12U);
    for (const char* bad :
         {"certificates/y/versions/0012", "certificates/x/versions/12", "certificates/x/versions",
          "certificates/x/versions/0012/a", "x/certificates/x/versions/0012", ""}) {
        CHECK(layout::version_of("x", bad) == std::nullopt);
    }
}
