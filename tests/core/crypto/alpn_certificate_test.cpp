#include "core/crypto/alpn_certificate.hpp"
#include "core/crypto/digest.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_pki.hpp"

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

using namespace evercert;

namespace {

// The account key and token of RFC 8555's examples.
const std::string key_authorization =
    "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12);

std::string hex_of(const ASN1_STRING* text) {
    return crypto::hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<std::size_t>(ASN1_STRING_length(text))});
}

std::string hex_of(X509_EXTENSION* whole) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_EXTENSION(whole, &der);
    const auto out = crypto::hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return out;
}

identifier named(const std::string& text) {
    return parse_identifier(text).value();
}

} // namespace

TEST_CASE("The challenge certificate is what RFC 8737 and RFC 8738 ask for, byte by byte") {
    struct row {
        std::string name;
        std::string san; ///< contents of the extension, hexadecimal
        std::string read;
    };
    const std::vector<row> rows = {
        {"Example.com",
         "300d"
         "820b6578616d706c652e636f6d",
         "example.com"},
        {"*.example.com",
         "300d"
         "820b6578616d706c652e636f6d",
         "example.com"},
        {"203.0.113.10",
         "3006"
         "8704cb00710a",
         "203.0.113.10"},
        {"2001:DB8::1",
         "3012"
         "871020010db8000000000000000000000001",
         "2001:db8::1"},
    };
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    for (const auto& r : rows) {
        INFO(r.name);
        const auto made = crypto::make_alpn_certificate(key, named(r.name), key_authorization, now);
        REQUIRE(made.has_value());
        X509* x509 = made->native();
        CHECK(X509_get_version(x509) == X509_VERSION_3);
        REQUIRE(X509_get_ext_count(x509) == 2);
        X509_EXTENSION* san = X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_subject_alt_name, -1));
        CHECK(X509_EXTENSION_get_critical(san) == 0);
        CHECK(hex_of(X509_EXTENSION_get_data(san)) == r.san);
        ASN1_OBJECT* oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
        X509_EXTENSION* proof = X509_get_ext(x509, X509_get_ext_by_OBJ(x509, oid, -1));
        ASN1_OBJECT_free(oid);
        REQUIRE(proof != nullptr);
        // The digest was computed by another program.
        CHECK(hex_of(proof) == "303106082b0601050507011f0101ff04220420"
                               "94233b719c905dc5472b69e75b78e3021353dc5be6d7c50dfa45996649caa183");
        CHECK(made->names().value() == std::vector{named(r.read)});
        CHECK(X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0);
        CHECK(made->issued_by(*made));
        CHECK(made->public_digest() == key.public_digest());
        CHECK_FALSE(made->is_ca());
        CHECK(made->not_before() < now);
        CHECK(made->not_before() >= now - std::chrono::days(2));
        CHECK(made->not_after() >= now + std::chrono::days(7));
        CHECK(X509_check_private_key(x509, key.native()) == 1);
    }
}

TEST_CASE("Challenge certificates of one key have numbers of their own") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    const auto serial = [&](const std::string& name, const std::string& text) {
        return crypto::make_alpn_certificate(key, named(name), text, now).value().serial();
    };
    const auto first = serial("a.example", "t.x");
    CHECK(first == serial("a.example", "t.x"));
    CHECK(first != serial("b.example", "t.x"));
    CHECK(first != serial("a.example", "u.x"));
    CHECK(first.size() == 32);
    CHECK(first[0] < '8');
}

TEST_CASE("A challenge certificate for an address that is none is refused") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    for (const auto* bad : {"", "1.2.3", "a.example"}) {
        const auto made =
            crypto::make_alpn_certificate(key, {identifier::kind::ip, bad}, key_authorization, now);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == errc::invalid_argument);
    }
}

TEST_CASE("A challenge certificate that was shown is looked at as a CA does it") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    for (const std::string name : {"example.com", "*.example.com", "203.0.113.10", "2001:db8::1"}) {
        INFO(name);
        const auto made = crypto::make_alpn_certificate(key, named(name), key_authorization, now).value();
        const auto shown = crypto::certificate::leaf_from_der(made.der()).value();
        CHECK(crypto::check_alpn_certificate(shown, named(name), key_authorization).has_value());
        CHECK(crypto::check_alpn_certificate(shown, named(name), key_authorization + "x").error().code ==
              errc::refused);
        CHECK(crypto::check_alpn_certificate(shown, named("other.example"), key_authorization).error().code ==
              errc::corrupted);
    }
}

TEST_CASE("Certificates that are no challenge certificates, or broken ones, are told apart") {
    const auto key = crypto::key::generate(key_type::ecdsa_p256).value();
    const auto good =
        crypto::make_alpn_certificate(key, named("example.com"), key_authorization, now).value();
    const auto judge = [](const crypto::certificate& shown) {
        return crypto::check_alpn_certificate(shown, named("example.com"), key_authorization).error().code;
    };
    CHECK(judge(testing::authority::make_root("Some Root").own()) == errc::not_found);
    const std::string extension("\x01\x01\xff\x04\x22\x04\x20", 7); // critical, and the header of the digest
    const auto patched = [&](std::size_t at, char to) {
        std::string der = good.der();
        const auto place = der.find(extension);
        REQUIRE(place != std::string::npos);
        der[place + at] = to;
        return crypto::certificate::leaf_from_der(der).value();
    };
    CHECK(judge(patched(2, '\0')) == errc::corrupted);
    CHECK(judge(patched(5, '\x0c')) == errc::corrupted);
    CHECK(judge(patched(6, '\x1f')) == errc::corrupted);
}
