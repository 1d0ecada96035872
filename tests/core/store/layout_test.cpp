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

TEST_CASE("the files of further pairs are told by their key type") {
    for (const key_type type : all_key_types()) {
        const layout::pair_files files = layout::files_of_pair(type);
        for (const std::string& name : {files.cert, files.chain, files.fullchain, files.privkey}) {
            CAPTURE(name);
            CHECK(layout::further_pair_of(name) == type);
            CHECK(check_name(name).has_value());
        }
    }
    const layout::pair_files first = layout::files_of_first_pair();
    for (const std::string& name : {first.cert, first.chain, first.fullchain, first.privkey}) {
        CHECK(layout::further_pair_of(name) == std::nullopt);
    }
    for (const char* bad : {"", "cert.", "cert..pem", ".pem", "cert.rsa-2048", "cert.rsa-2048.pem.1",
                            "cert.RSA-2048.pem", "xcert.rsa-2048.pem", "rsa-2048.pem", "cert.rsa-1024.pem"}) {
        CAPTURE(bad);
        CHECK(layout::further_pair_of(bad) == std::nullopt);
    }
}

TEST_CASE("pending keys and job records are told by their names") {
    for (const key_type type : all_key_types()) {
        const std::string path = layout::pending_key("x", type);
        CHECK(layout::is_pending_key(path.substr(path.rfind('/') + 1)));
    }
    CHECK(layout::is_pending_key("pending.key"));
    for (const char* bad : {"pending", "pending.key.1", "account.key", "pendingkey", "versions", ".key"}) {
        CAPTURE(bad);
        CHECK(!layout::is_pending_key(bad));
    }
    CHECK(layout::certificate_of_job("www.example.com.json") == "www.example.com");
    for (const char* bad : {".json", "a.json.bad", "a", "", "a b.json", "..json"}) {
        CAPTURE(bad);
        CHECK(layout::certificate_of_job(bad) == std::nullopt);
    }
}
