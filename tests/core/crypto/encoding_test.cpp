#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/key.hpp"
#include "core/crypto/secret.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::crypto;

namespace {

// acme.md section 1.1 and 1.3: the vectors of RFC 7638 section 3.1, RFC 8037 appendix A.3 and two computed
// elsewhere.
constexpr std::string_view rsa_jwk =
    R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS)"
    R"(oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSq)"
    R"(zs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0L)"
    R"(s1jF44-csFCur-kEgU8awapJzKnqDKgw"})";
constexpr std::string_view p256_jwk =
    R"({"crv":"P-256","kty":"EC","x":"jJ6Flys3zK9jUhnOHf6G49Dyp5hah6CNP84-gY-n9eo",)"
    R"("y":"nhI6iD5eFXgBTLt_1p3aip-5VbZeMhxeFSpjfEAf7Ww"})";

} // namespace

TEST_CASE("base64url vectors of RFC 4648") {
    const std::vector<std::pair<std::string, std::string>> vectors{
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
    for (const auto& [bytes, text] : vectors) {
        CHECK(base64url(bytes) == text);
        CHECK(base64url_decode(text).value() == bytes);
        CHECK(base64_decode_liberal(text).value() == bytes);
    }
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("\xfb\xff\xfe") == "+//+");
    CHECK(base64("Aladdin:open sesame") == "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617 section 2
}

TEST_CASE("every byte survives base64url at every length") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(base64url_decode(base64url(bytes)).value() == bytes);
        bytes.push_back(static_cast<char>(255 - i % 256));
    }
}

TEST_CASE("strict base64url refuses what RFC 7515 does") {
    for (const std::string_view text : {"Zg==", "Zm8=", "Zm9v ", " Zm9v", "Zm9v\n", "+_8", "a/8", "A",
                                        "Zm9vY", "Zh", "Zm9", "Z.", "\xc3\xbc\xc3\xbc"}) {
        CAPTURE(text);
        REQUIRE_FALSE(base64url_decode(text).has_value());
        CHECK(base64url_decode(text).error().code == errc::parse);
    }
    CHECK_FALSE(base64url_decode(std::string_view("Zm\0v", 4)).has_value());
}

TEST_CASE("liberal base64 takes the forms CAs print keys in") {
    CHECK(base64_decode_liberal("Zg==").value() == "f");
    CHECK(base64_decode_liberal(" Zm8=\n").value() == "fo");
    CHECK(base64_decode_liberal("+/-_").value() == "\xfb\xff\xbf");
    for (const std::string_view text : {"Zg===", "Z", "Zm 9v", "Zm=v", "!", "="}) {
        CAPTURE(text);
        CHECK(base64_decode_liberal(text).has_value() == (text == "="));
    }
}

TEST_CASE("a refused MAC key is not repeated in the message") {
    const auto refused = base64_decode_liberal("c2VjcmV0c2VjcmV0!");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text().find("c2Vj") == std::string::npos);
}

TEST_CASE("digests") {
    CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    // RFC 4231 test case 2.
    CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hex(hmac(hash::sha384, "Jefe", "what do ya want for nothing?")) ==
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
    CHECK(hex(hmac(hash::sha512, "Jefe", "what do ya want for nothing?")) ==
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdca"
          "eab1a34d4a6b4b"
          "636e070a38bce737");
    CHECK(same_mac("abc", "abc"));
    CHECK(same_mac("", ""));
    CHECK_FALSE(same_mac("abc", "abd"));
    CHECK_FALSE(same_mac("abc", "abcd"));
    CHECK(hex(hmac_sha256("", "")) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    CHECK(hex(std::string_view("\x00\x7f\xff", 3)) == "007fff");
}

TEST_CASE("thumbprints of RFC 7638, P-256 and Ed25519") {
    CHECK(thumbprint_of(rsa_jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    CHECK(thumbprint_of(p256_jwk) == "w9eYdC6_s_tLQ8lH6PUpc0mddazaqtPgeC2IgWDiqY8");
    CHECK(
        thumbprint_of(R"({"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})") ==
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_CASE("the dns-01 value of a key authorization") {
    const std::string authorization = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA." + thumbprint_of(rsa_jwk);
    CHECK(authorization.size() == 87);
    CHECK(base64url(sha256(authorization)) == "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8");
}

TEST_CASE("the signature of an external account binding") {
    const auto mac_key =
        base64_decode_liberal("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W").value();
    CHECK(mac_key.size() == 48);
    const std::string header =
        base64url(R"({"alg":"HS256","kid":"kid-1","url":"https://example.com/acme/new-account"})");
    CHECK(base64url(hmac_sha256(mac_key, header + "." + base64url(p256_jwk))) ==
          "Siz8AhR95P8yUVxX7dWZnzqc2qsQu0ImM1KntVrLXLA");
}

TEST_CASE("wiping overwrites the whole buffer") {
    std::string text = "a secret that is longer than what fits into the object itself";
    const char* bytes = text.data();
    const std::size_t size = text.size();
    text.resize(3); // the rest is still in the buffer
    wipe(text);
    CHECK(text.empty());
    for (std::size_t i = 0; i < size; ++i) {
        CHECK(bytes[i] == '\0');
    }
}

TEST_CASE("a secret moved from is gone") {
    secret first{std::string("short")};
    secret second = std::move(first);
    CHECK(second.view() == "short");
    CHECK(first.empty());
    secret third;
    third = std::move(second);
    CHECK(third.view() == "short");
    CHECK(second.empty());
}
