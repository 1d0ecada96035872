// What is written is read back with OpenSSL's own functions.
#include "core/crypto/pkcs12.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_pki.hpp"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

using namespace evercert;
using namespace evercert::testing;
using crypto::secret;

namespace {

const wall_time start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

struct pair {
    crypto::key key;
    std::vector<crypto::certificate> chain;
};

pair make_pair_of(key_type type) {
    static const test_ca ca;
    auto key = crypto::key::generate(type).value();
    const std::vector<identifier> names{parse_identifier("example.com").value()};
    auto chain =
        crypto::parse_pem_chain(ca.issue_chain_pem(key, names, start, start + std::chrono::days(90))).value();
    return {std::move(key), std::move(chain)};
}

secret word(std::string_view text) {
    return secret(std::string(text));
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// What a reader with this password finds; empty if it cannot read the file.
struct contents {
    bool read = false;
    std::string name;
    bool key_matches = false;
    std::vector<std::string> certificates; ///< DER, leaf first
};

std::string der_of(X509* one) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(one, &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

contents read_back(std::string_view der, const char* password, const crypto::key& expected) {
    contents found;
    const unsigned char* at = bytes_of(der);
    PKCS12* file = d2i_PKCS12(nullptr, &at, static_cast<long>(der.size()));
    REQUIRE(file != nullptr);
    CHECK(at == bytes_of(der) + der.size());
    EVP_PKEY* key = nullptr;
    X509* leaf = nullptr;
    STACK_OF(X509)* rest = nullptr;
    if (PKCS12_parse(file, password, &key, &leaf, &rest) == 1) {
        found.read = true;
        found.key_matches = EVP_PKEY_eq(key, expected.native()) == 1;
        REQUIRE(leaf != nullptr);
        int size = 0;
        const unsigned char* alias = X509_alias_get0(leaf, &size);
        found.name.assign(reinterpret_cast<const char*>(alias), static_cast<std::size_t>(size));
        found.certificates.push_back(der_of(leaf));
        for (int i = 0; i < sk_X509_num(rest); ++i) {
            found.certificates.push_back(der_of(sk_X509_value(rest, i)));
        }
    }
    EVP_PKEY_free(key);
    X509_free(leaf);
    sk_X509_pop_free(rest, X509_free);
    PKCS12_free(file);
    return found;
}

} // namespace

TEST_CASE("a PKCS#12 file holds key, chain and name") {
    const pair one = make_pair_of(GENERATE(key_type::ecdsa_p256, key_type::rsa_2048, key_type::ed25519));
    const std::string password = GENERATE("", "correct horse", "p\xc3\xa4ss");
    const secret file = crypto::make_pkcs12("example", one.chain, one.key, word(password));
    const contents found = read_back(file.view(), password.c_str(), one.key);
    REQUIRE(found.read);
    CHECK(found.key_matches);
    CHECK(found.name == "example");
    REQUIRE(found.certificates.size() == one.chain.size());
    for (const crypto::certificate& each : one.chain) {
        CHECK(std::ranges::count(found.certificates, each.der()) == 1);
    }
    CHECK(found.certificates.front() == one.chain.front().der());
    CHECK(!read_back(file.view(), "wrong", one.key).read);
    CHECK((password.empty() || !read_back(file.view(), "", one.key).read));
    // Nothing of the key is there in the clear, not even with an empty password.
    const secret plain = crypto::private_key_der(one.key);
    CHECK(file.view().find(plain.view().substr(plain.view().size() / 2, 24)) == std::string_view::npos);
}

TEST_CASE("a PKCS#12 file is under modern algorithms only") {
    const pair one = make_pair_of(key_type::ecdsa_p256);
    const secret file = crypto::make_pkcs12("example", one.chain, one.key, word("x"));
    const unsigned char* at = bytes_of(file.view());
    const std::unique_ptr<PKCS12, decltype(&PKCS12_free)> read(
        d2i_PKCS12(nullptr, &at, static_cast<long>(file.view().size())), PKCS12_free);
    REQUIRE(read);
    const X509_ALGOR* mac = nullptr;
    const ASN1_INTEGER* rounds = nullptr;
    const ASN1_OCTET_STRING* salt = nullptr;
    PKCS12_get0_mac(nullptr, &mac, &salt, &rounds, read.get());
    const ASN1_OBJECT* algorithm = nullptr;
    X509_ALGOR_get0(&algorithm, nullptr, nullptr, mac);
    CHECK(OBJ_obj2nid(algorithm) == NID_sha256);
    CHECK(ASN1_INTEGER_get(rounds) >= 10'000);
    CHECK(ASN1_STRING_length(salt) == 16);
    // Both encrypted parts name AES-256-CBC (2.16.840.1.101.3.4.1.42).
    const std::string_view aes("\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a", 11);
    std::size_t seen = 0;
    for (auto from = file.view().find(aes); from != std::string_view::npos;
         from = file.view().find(aes, from + 1)) {
        ++seen;
    }
    CHECK(seen == 2);
}

TEST_CASE("equal contents make equal PKCS#12 files, others do not") {
    const pair one = make_pair_of(key_type::ecdsa_p256);
    const pair other = make_pair_of(key_type::ecdsa_p256);
    const auto make = [](std::string_view name, const pair& of, std::string_view password) {
        return std::string(crypto::make_pkcs12(name, of.chain, of.key, word(password)).view());
    };
    const std::string file = make("example", one, "x");
    CHECK(make("example", one, "x") == file);
    CHECK(make("example", one, "y") != file);
    CHECK(make("another", one, "x") != file);
    CHECK(make("example", other, "x") != file);
}

TEST_CASE("a private key in DER is the key in PKCS#8") {
    const pair one = make_pair_of(GENERATE(key_type::ecdsa_p384, key_type::rsa_2048, key_type::ed25519));
    const secret der = crypto::private_key_der(one.key);
    const unsigned char* at = bytes_of(der.view());
    PKCS8_PRIV_KEY_INFO* info = d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.view().size()));
    REQUIRE(info != nullptr);
    CHECK(at == bytes_of(der.view()) + der.view().size());
    EVP_PKEY* key = EVP_PKCS82PKEY(info);
    CHECK(EVP_PKEY_eq(key, one.key.native()) == 1);
    EVP_PKEY_free(key);
    PKCS8_PRIV_KEY_INFO_free(info);
}
