#include "core/acme/jws.hpp"
#include "core/crypto/base64url.hpp"
#include "core/json/value.hpp"
#include "tests/core/acme/acme_fixture.hpp"

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

TEST_CASE("an external account binding of a known key") {
    binding eab;
    eab.key_id = "kid-1";
    eab.hmac_key = crypto::secret(
        crypto::base64_decode_liberal("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W")
            .value());
    const std::string jwk = R"({"crv":"P-256","kty":"EC","x":"jJ6Flys3zK9jUhnOHf6G49Dyp5hah6CNP84-gY-n9eo",)"
                            R"("y":"nhI6iD5eFXgBTLt_1p3aip-5VbZeMhxeFSpjfEAf7Ww"})";
    const std::string text = bind_account(eab, jwk, "https://example.com/acme/new-account");
    const auto inner = json::parse(text).value();
    CHECK(inner.string("signature").value() == "Siz8AhR95P8yUVxX7dWZnzqc2qsQu0ImM1KntVrLXLA");
    CHECK(crypto::base64url_decode(inner.string("protected").value()).value() ==
          R"({"alg":"HS256","kid":"kid-1","url":"https://example.com/acme/new-account"})");
    CHECK(crypto::base64url_decode(inner.string("payload").value()).value() == jwk);
}

TEST_CASE("signed requests") {
    jws_header header;
    header.url = "https://ca.example/new-order";
    header.nonce = "n-1";
    SECTION("by key") {
        const auto opened = open_jws(sign_jws(test_key(), header, "{}").value()).value();
        CHECK(opened.jwk == test_key().public_jwk());
        CHECK(opened.kid.empty());
        CHECK(opened.payload == "{}");
        CHECK(opened.algorithm == "ES256");
        CHECK(opened.nonce == "n-1");
        CHECK(opened.url == header.url);
        CHECK(verify_es256(opened.jwk, opened.signing_input, opened.signature));
        CHECK_FALSE(verify_es256(other_test_key().public_jwk(), opened.signing_input, opened.signature));
    }
    SECTION("by account, as POST-as-GET") {
        header.kid = "https://ca.example/account/1";
        const auto text = sign_jws(test_key(), header, "").value();
        const auto opened = open_jws(text).value();
        CHECK(opened.kid == header.kid);
        CHECK(opened.jwk.empty());
        CHECK(json::parse(text)->string("payload").value_or("missing").empty());
    }
}
