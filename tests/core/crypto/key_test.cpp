#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"
#include "core/crypto/key.hpp"
#include "tests/support/catch.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <map>
#include <thread>

using namespace evercert;
using namespace evercert::crypto;

namespace {

// One key a type for all tests here: RSA of 4096 bits takes a while.
const key& key_of(key_type type) {
    static std::map<key_type, key> keys;
    const auto found = keys.find(type);
    return found != keys.end() ? found->second
                               : keys.emplace(type, key::generate(type).value()).first->second;
}

// Checks a JWS signature with OpenSSL, putting r||s back into DER.
bool verifies(const key& k, std::string_view input, std::string signature) {
    const EVP_MD* digest = k.jws_algorithm() == "EdDSA"   ? nullptr
                           : k.jws_algorithm() == "ES384" ? EVP_sha384()
                                                          : EVP_sha256();
    if (k.jws_algorithm().starts_with("ES")) {
        const int half = static_cast<int>(signature.size() / 2);
        ecdsa_sig_handle pair(ECDSA_SIG_new());
        ECDSA_SIG_set0(pair.get(), BN_bin2bn(as_bytes(signature), half, nullptr),
                       BN_bin2bn(as_bytes(signature) + half, half, nullptr));
        signature = encode_der(i2d_ECDSA_SIG, pair.get());
    }
    const md_context_handle context(EVP_MD_CTX_new());
    REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, k.native()) == 1);
    const bool good = EVP_DigestVerify(context.get(), as_bytes(signature), signature.size(), as_bytes(input),
                                       input.size()) == 1;
    take_openssl_reason();
    return good;
}

std::string pem_block(const std::string& label, const std::string& der) {
    std::string text(der.size() * 2 + 4, '\0');
    text.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(as_bytes(text), as_bytes(der), static_cast<int>(der.size()))));
    std::string pem = "-----BEGIN " + label + "-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64) {
        pem += text.substr(at, 64) + "\n";
    }
    return pem + "-----END " + label + "-----\n";
}

template <class Write>
std::string written(Write write) {
    const bio_handle sink(BIO_new(BIO_s_mem()));
    REQUIRE(write(sink.get()) == 1);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(sink.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string traditional(EVP_PKEY* pkey, const EVP_CIPHER* cipher = nullptr) {
    return written([&](BIO* sink) {
        return PEM_write_bio_PrivateKey_traditional(sink, pkey, cipher, as_bytes("pass"), cipher ? 4 : 0,
                                                    nullptr, nullptr);
    });
}

std::string pkcs8(EVP_PKEY* pkey, const EVP_CIPHER* cipher = nullptr) {
    return written([&](BIO* sink) {
        return PEM_write_bio_PKCS8PrivateKey(sink, pkey, cipher, "pass", cipher ? 4 : 0, nullptr, nullptr);
    });
}

void check_refused(const std::string& pem) {
    INFO(pem.substr(0, 200));
    const auto read = key::from_pem(pem);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == errc::corrupted);
    CHECK(read.error().foreign.empty());
    CHECK(ERR_peek_error() == 0);
}

// RFC 8037 appendix A.1, RFC 7515 appendix A.3.
const std::string ed25519_seed = base64url_decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value();
const std::string p256_secret = base64url_decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").value();

} // namespace

TEST_CASE("keys of every type come back from PEM the same") {
    for (const key_type type : all_key_types()) {
        CAPTURE(to_string(type));
        const key& made = key_of(type);
        CHECK(made.type() == type);
        const secret pem = made.to_pem();
        CHECK(pem.view().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        CHECK(pem.view().ends_with("-----END PRIVATE KEY-----\n"));
        const key read = key::from_pem(pem.view()).value();
        CHECK(read.type() == type);
        CHECK(read.public_digest() == made.public_digest());
        CHECK(read.public_jwk() == made.public_jwk());
        CHECK(read.to_pem().view() == pem.view());
        CHECK(made.public_digest().size() == 32);
    }
}

TEST_CASE("copies of a key sign at the same time") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::rsa_2048, key_type::ed25519}) {
        const key first = key::generate(type).value();
        std::array<std::vector<std::string>, 4> made;
        {
            std::vector<std::jthread> threads;
            for (auto& signatures : made) {
                threads.emplace_back([copy = first, &signatures] {
                    for (int i = 0; i < 20; ++i) {
                        signatures.push_back(copy.jws_sign("text " + std::to_string(i)).value());
                    }
                });
            }
        }
        for (const auto& signatures : made) {
            for (int i = 0; i < 20; ++i) {
                REQUIRE(
                    verifies(first, "text " + std::to_string(i), signatures[static_cast<std::size_t>(i)]));
            }
        }
    }
}

TEST_CASE("each key made is a new one") {
    CHECK(key::generate(key_type::ecdsa_p256)->public_digest() !=
          key::generate(key_type::ecdsa_p256)->public_digest());
}

TEST_CASE("algorithms and signature widths are those of RFC 7518 and 8037") {
    const std::map<key_type, std::pair<std::string, std::size_t>> expected{
        {key_type::ecdsa_p256, {"ES256", 64}}, {key_type::ecdsa_p384, {"ES384", 96}},
        {key_type::rsa_2048, {"RS256", 256}},  {key_type::rsa_3072, {"RS256", 384}},
        {key_type::rsa_4096, {"RS256", 512}},  {key_type::ed25519, {"EdDSA", 64}}};
    for (const auto& [type, facts] : expected) {
        CAPTURE(to_string(type));
        const key& k = key_of(type);
        CHECK(k.jws_algorithm() == facts.first);
        const std::string signature = k.jws_sign("header.payload").value();
        CHECK(signature.size() == facts.second);
        CHECK(verifies(k, "header.payload", signature));
        CHECK_FALSE(verifies(k, "header.payloae", signature));
        CHECK(verifies(k, "", k.jws_sign("").value()));
    }
}

TEST_CASE("short ECDSA numbers are padded in front") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::ecdsa_p384}) {
        const key& k = key_of(type);
        const std::size_t half = type == key_type::ecdsa_p256 ? 32 : 48;
        // One number in 256 begins with a zero byte: goes on until both have.
        bool r_short = false;
        bool s_short = false;
        for (int i = 0; i < 100'000 && !(r_short && s_short && i >= 300); ++i) {
            const std::string input = std::to_string(i);
            const std::string signature = k.jws_sign(input).value();
            REQUIRE(signature.size() == 2 * half);
            const bool r_now = signature[0] == '\0';
            const bool s_now = signature[half] == '\0';
            if (r_now || s_now || i < 50) {
                REQUIRE(verifies(k, input, signature));
            }
            r_short |= r_now;
            s_short |= s_now;
        }
        CHECK(r_short);
        CHECK(s_short);
    }
}

TEST_CASE("the Ed25519 example of RFC 8037") {
    const std::string header("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
    const key k = key::from_pem(pem_block("PRIVATE KEY", header + ed25519_seed)).value();
    CHECK(k.type() == key_type::ed25519);
    CHECK(k.public_jwk() ==
          R"({"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
    CHECK(k.jwk_thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    CHECK(base64url(k.jws_sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").value()) ==
          "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST_CASE("the P-256 key of RFC 7515, in the traditional form without its public half") {
    const std::string der = std::string("\x30\x31\x02\x01\x01\x04\x20", 7) + p256_secret +
                            std::string("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 12);
    const key k = key::from_pem(pem_block("EC PRIVATE KEY", der)).value();
    CHECK(k.type() == key_type::ecdsa_p256);
    CHECK(k.public_jwk() == R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
}

TEST_CASE("JWK coordinates keep their zeros in front, RSA numbers have none") {
    for (int i = 0; i < 3000; ++i) {
        const key k = key::generate(key_type::ecdsa_p256).value();
        const std::string jwk = k.public_jwk();
        REQUIRE(jwk.size() == std::string_view(R"({"crv":"P-256","kty":"EC","x":"","y":""})").size() + 86);
    }
    const std::string rsa = key_of(key_type::rsa_2048).public_jwk();
    CHECK(rsa.starts_with(R"({"e":"AQAB","kty":"RSA","n":")"));
    CHECK(base64url_decode(rsa.substr(29, 342)).value().size() == 256);
    CHECK(rsa.substr(29 + 342) == "\"}");
}

TEST_CASE("the public digest is that of the SubjectPublicKeyInfo") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::rsa_2048, key_type::ed25519}) {
        CHECK(key_of(type).public_digest() == sha256(encode_der(i2d_PUBKEY, key_of(type).native())));
    }
}

TEST_CASE("traditional PEM and text around the block are read") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::ecdsa_p384, key_type::rsa_2048}) {
        const key& k = key_of(type);
        const std::string pem = traditional(k.native());
        CHECK(key::from_pem(pem)->public_digest() == k.public_digest());
        CHECK(key::from_pem("some words\n\n" + pem + "junk \x01\xff that follows")->public_digest() ==
              k.public_digest());
        std::string crlf;
        for (const char c : pem) {
            crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
        }
        CHECK(key::from_pem(crlf)->public_digest() == k.public_digest());
    }
    const std::string with_parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
        traditional(key_of(key_type::ecdsa_p256).native());
    CHECK(key::from_pem(with_parameters).has_value());
}

TEST_CASE("encrypted keys are refused without asking for a passphrase") {
    EVP_PKEY* pkey = key_of(key_type::ecdsa_p256).native();
    check_refused(pkcs8(pkey, EVP_aes_256_cbc()));
    check_refused(traditional(pkey, EVP_aes_128_cbc()));
    const auto refused = key::from_pem(pkcs8(pkey, EVP_aes_256_cbc()));
    CHECK(refused.error().message.find("passphrase") != std::string::npos);
}

TEST_CASE("key types we do not use are refused") {
    const auto made = [](const char* type, auto... rest) {
        return pkey_handle(EVP_PKEY_Q_keygen(nullptr, nullptr, type, rest...));
    };
    check_refused(pkcs8(made("EC", "secp256k1").get()));
    check_refused(pkcs8(made("EC", "P-521").get()));
    check_refused(traditional(made("EC", "brainpoolP256r1").get()));
    check_refused(pkcs8(made("RSA", std::size_t{1024}).get()));
    check_refused(pkcs8(made("RSA", std::size_t{2056}).get()));
    check_refused(pkcs8(made("ED448").get()));
    check_refused(pkcs8(made("X25519").get()));
}

TEST_CASE("a P-256 key with its curve written out is refused") {
    const pkey_handle pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    REQUIRE(EVP_PKEY_set_utf8_string_param(pkey.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
    check_refused(pkcs8(pkey.get()));
}

TEST_CASE("a compressed point gives the same public digest") {
    const key& k = key_of(key_type::ecdsa_p256);
    const key copy = key::from_pem(k.to_pem().view()).value();
    REQUIRE(EVP_PKEY_set_utf8_string_param(copy.native(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                           "compressed") == 1);
    REQUIRE(copy.to_pem().view() != k.to_pem().view()); // the file does hold the compressed point
    CHECK(key::from_pem(copy.to_pem().view())->public_digest() == k.public_digest());
}

TEST_CASE("damaged keys are refused") {
    const std::string pem(key_of(key_type::ecdsa_p256).to_pem().view());
    check_refused("");
    check_refused("not a key");
    check_refused(std::string(100'000, 'x'));
    check_refused(std::string(2 * 1024 * 1024, '-'));
    check_refused(pem.substr(0, pem.size() / 2));
    check_refused("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    check_refused(pem_block("PRIVATE KEY", "\x30\x03\x02\x01\x05"));
    check_refused(pem_block("CERTIFICATE", "\x30\x03\x02\x01\x05"));
    check_refused(
        written([&](BIO* sink) { return PEM_write_bio_PUBKEY(sink, key_of(key_type::rsa_2048).native()); }));
}

TEST_CASE("a key with any one bit flipped is refused or is a whole other key") {
    for (const key_type type : {key_type::ecdsa_p256, key_type::ed25519}) {
        const key& k = key_of(type);
        const std::string der = encode_der(i2d_PrivateKey, k.native());
        const char* label = type == key_type::ed25519 ? "PRIVATE KEY" : "EC PRIVATE KEY";
        REQUIRE(key::from_pem(pem_block(label, der)).has_value());
        for (std::size_t bit = 0; bit < der.size() * 8; bit += 3) {
            std::string damaged = der;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
            const auto read = key::from_pem(pem_block(label, damaged));
            if (read) {
                REQUIRE(verifies(*read, "x", read->jws_sign("x").value()));
            }
        }
    }
}

TEST_CASE("an RSA key whose halves do not fit is refused") {
    std::string der = encode_der(i2d_PrivateKey, key_of(key_type::rsa_2048).native());
    der[60] = static_cast<char>(der[60] ^ 0x10); // in the modulus
    check_refused(pem_block("RSA PRIVATE KEY", der));
}

TEST_CASE("private keys live in the secure heap once it is there") {
    if (!initialise_secure_heap()) {
        WARN("the secure heap cannot be locked here (RLIMIT_MEMLOCK)");
    }
    REQUIRE(CRYPTO_secure_malloc_initialized() == 1);
    const std::size_t before = CRYPTO_secure_used();
    const key made = key::generate(key_type::ecdsa_p256).value();
    const std::size_t with_one = CRYPTO_secure_used();
    CHECK(with_one > before);
    {
        const secret pem = made.to_pem();
        const key read = key::from_pem(pem.view()).value();
        CHECK(CRYPTO_secure_used() > with_one);
        CHECK(read.public_digest() == made.public_digest());
    }
    CHECK(CRYPTO_secure_used() == with_one);
    CHECK(key::from_pem(key_of(key_type::ecdsa_p384).to_pem().view()).has_value());
    initialise_secure_heap(); // again: harmless
}
