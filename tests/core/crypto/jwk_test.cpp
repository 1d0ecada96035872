#include "core/crypto/base64url.hpp"
#include "core/crypto/jwk.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace evercert;
using namespace evercert::crypto;

namespace {

/// RFC 7515 appendix A.2.
void fill_rsa(private_jwk& jwk) {
    jwk.kty = "RSA";
    jwk.n =
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
        "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
        "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"
        "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    jwk.e = "AQAB";
    jwk.d = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-"
            "7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-"
            "GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_"
            "0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_"
            "jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
    jwk.p = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_"
            "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
    jwk.q = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_"
            "YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
    jwk.dp = "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-"
             "FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0";
    jwk.dq = "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-"
             "NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU";
    jwk.qi = "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_"
             "QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U";
}

/// RFC 7515 appendix A.3.
void fill_ec(private_jwk& jwk) {
    jwk.kty = "EC";
    jwk.crv = "P-256";
    jwk.x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    jwk.y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    jwk.d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
}

/// RFC 8037 appendix A.1.
void fill_ed25519(private_jwk& jwk) {
    jwk.kty = "OKP";
    jwk.crv = "Ed25519";
    jwk.d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    jwk.x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
}

} // namespace

TEST_CASE("The RSA key of RFC 7515 signs what the RFC shows") {
    private_jwk jwk;
    fill_rsa(jwk);
    const auto read = key_from_jwk(jwk);
    REQUIRE(read);
    CHECK(read->type() == key_type::rsa_2048);
    const auto signature = read->jws_sign(
        "eyJhbGciOiJSUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
    REQUIRE(signature);
    CHECK(base64url(*signature) ==
          "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
          "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
          "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
          "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
          "IoypGlUPQGe77Rw");
    // The text that is stored is the same key.
    const auto again = key::from_pem(read->to_pem().view());
    REQUIRE(again);
    CHECK(again->public_digest() == read->public_digest());
}

TEST_CASE("Keys on curves come from RFC 7515, RFC 7517 and RFC 8037") {
    private_jwk jws;
    fill_ec(jws);
    const auto first = key_from_jwk(jws);
    REQUIRE(first);
    CHECK(first->type() == key_type::ecdsa_p256);
    CHECK(first->public_jwk().find(jws.x) != std::string::npos);
    CHECK(first->public_jwk().find(jws.y) != std::string::npos);

    private_jwk other; // RFC 7517 appendix A.2
    other.kty = "EC";
    other.crv = "P-256";
    other.x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    other.y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    other.d = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE";
    REQUIRE(key_from_jwk(other));

    private_jwk edwards;
    fill_ed25519(edwards);
    const auto third = key_from_jwk(edwards);
    REQUIRE(third);
    CHECK(third->type() == key_type::ed25519);
    CHECK(third->jwk_thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); // appendix A.3
    CHECK(base64url(third->jws_sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").value()) ==
          "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST_CASE("A JWK that is no usable private key is refused, and is not shown") {
    struct wrong {
        const char* what;
        void (*fill)(private_jwk&);
        void (*spoil)(private_jwk&);
        errc code;
    };
    const wrong table[] = {
        {"no kind", fill_ec, [](private_jwk& jwk) { jwk.kty.clear(); }, errc::unsupported},
        {"symmetric", fill_ec, [](private_jwk& jwk) { jwk.kty = "oct"; }, errc::unsupported},
        {"public half only", fill_ec, [](private_jwk& jwk) { jwk.d.clear(); }, errc::corrupted},
        {"another curve", fill_ec, [](private_jwk& jwk) { jwk.crv = "P-521"; }, errc::unsupported},
        {"a curve too wide", fill_ec, [](private_jwk& jwk) { jwk.crv = "P-384"; }, errc::corrupted},
        {"not on the curve", fill_ec, [](private_jwk& jwk) { jwk.y = jwk.x; }, errc::corrupted},
        {"halves of two keys", fill_ec,
         [](private_jwk& jwk) { jwk.d = "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"; }, errc::corrupted},
        {"no base64url", fill_ec, [](private_jwk& jwk) { jwk.d = "jpsQ+/=="; }, errc::corrupted},
        {"a zero number", fill_ec, [](private_jwk& jwk) { jwk.d = "AA"; }, errc::corrupted},
        {"no primes", fill_rsa,
         [](private_jwk& jwk) {
             jwk.p.clear();
             jwk.q.clear();
         },
         errc::unsupported},
        {"one prime", fill_rsa, [](private_jwk& jwk) { jwk.q.clear(); }, errc::corrupted},
        {"a wrong modulus", fill_rsa, [](private_jwk& jwk) { jwk.n[10] = jwk.n[10] == 'A' ? 'B' : 'A'; },
         errc::corrupted},
        {"a wrong exponent", fill_rsa, [](private_jwk& jwk) { jwk.dp[5] = jwk.dp[5] == 'A' ? 'B' : 'A'; },
         errc::corrupted},
        {"a small modulus", fill_rsa, [](private_jwk& jwk) { jwk.n.resize(100); }, errc::corrupted},
        {"a huge number", fill_rsa, [](private_jwk& jwk) { jwk.d.assign(100'000, 'A'); }, errc::corrupted},
        {"another Edwards curve", fill_ed25519, [](private_jwk& jwk) { jwk.crv = "Ed448"; },
         errc::unsupported},
        {"halves of two Edwards keys", fill_ed25519, [](private_jwk& jwk) { jwk.x[3] = 'A'; },
         errc::corrupted},
        {"a short Edwards key", fill_ed25519, [](private_jwk& jwk) { jwk.d.resize(20); }, errc::corrupted},
    };
    for (const wrong& each : table) {
        INFO(each.what);
        private_jwk jwk;
        each.fill(jwk);
        each.spoil(jwk);
        const auto read = key_from_jwk(jwk);
        REQUIRE(!read);
        CHECK(read.error().code == each.code);
        CHECK((jwk.d.empty() || read.error().text().find(jwk.d.substr(0, 12)) == std::string::npos));
    }
}
