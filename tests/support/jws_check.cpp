#include "tests/support/jws_check.hpp"

#include "core/crypto/base64url.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace evercert::testing {
namespace {

template <auto Free>
struct freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using owned = std::unique_ptr<T, freer<Free>>;

const unsigned char* bytes(std::string_view text) {
    return static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
}

bool only_members(const json::value& object, const std::vector<std::string>& allowed) {
    return std::ranges::all_of(object.member_names(), [&](const auto& name) {
        return std::ranges::find(allowed, name) != allowed.end();
    });
}

/// Members that a JWK of each kind must have, in canonical order.
struct kind_of_key {
    std::string_view type;
    std::string_view curve; ///< empty: not an elliptic one
    std::string_view algorithm;
    std::vector<std::string> members;
};

const std::vector<kind_of_key>& kinds() {
    static const std::vector<kind_of_key> all = {{"EC", "P-256", "ES256", {"crv", "kty", "x", "y"}},
                                                 {"EC", "P-384", "ES384", {"crv", "kty", "x", "y"}},
                                                 {"RSA", "", "RS256", {"e", "kty", "n"}},
                                                 {"OKP", "Ed25519", "EdDSA", {"crv", "kty", "x"}}};
    return all;
}

const kind_of_key* kind_of(const json::value& jwk) {
    const auto found = std::ranges::find_if(kinds(), [&](const kind_of_key& one) {
        return jwk.string("kty").value_or("") == one.type && jwk.string("crv").value_or("") == one.curve;
    });
    return found == kinds().end() ? nullptr : &*found;
}

std::string bytes_of(const json::value& jwk, std::string_view member) {
    return crypto::base64url_decode(jwk.string(member).value_or("")).value_or("");
}

using owned_key = owned<EVP_PKEY, EVP_PKEY_free>;

owned_key key_from(const char* type, OSSL_PARAM_BLD* build) {
    const owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(build));
    const owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* raw = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return owned_key(raw);
}

owned_key curve_key(const json::value& jwk, std::size_t width, const char* group) {
    const std::string x = bytes_of(jwk, "x");
    const std::string y = bytes_of(jwk, "y");
    if (x.size() != width || y.size() != width) {
        return nullptr;
    }
    const std::string point = "\x04" + x + y;
    const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return key_from("EC", build.get());
}

owned_key rsa_key(const json::value& jwk) {
    const std::string n = bytes_of(jwk, "n");
    const std::string e = bytes_of(jwk, "e");
    if (n.empty() || e.empty() || n.front() == '\0' || e.front() == '\0') {
        return nullptr; // not minimal
    }
    const owned<BIGNUM, BN_free> modulus(BN_bin2bn(bytes(n), static_cast<int>(n.size()), nullptr));
    const owned<BIGNUM, BN_free> exponent(BN_bin2bn(bytes(e), static_cast<int>(e.size()), nullptr));
    const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    return key_from("RSA", build.get());
}

owned_key edwards_key(const json::value& jwk) {
    const std::string x = bytes_of(jwk, "x");
    return owned_key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes(x), x.size()));
}

/// r||s of fixed width as the DER that OpenSSL verifies; empty if it has another size.
std::string der_signature(std::string_view pair, std::size_t width) {
    if (pair.size() != 2 * width) {
        return {};
    }
    const owned<ECDSA_SIG, ECDSA_SIG_free> numbers(ECDSA_SIG_new());
    ECDSA_SIG_set0(numbers.get(), BN_bin2bn(bytes(pair), static_cast<int>(width), nullptr),
                   BN_bin2bn(bytes(pair.substr(width)), static_cast<int>(width), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(numbers.get(), &der);
    std::string text;
    if (size > 0) {
        text.assign(der, der + size);
    }
    OPENSSL_free(der);
    return text;
}

bool verifies(EVP_PKEY* key, const EVP_MD* digest, std::string_view input, std::string_view signature) {
    const owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    return key != nullptr && !signature.empty() &&
           EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(input), input.size()) ==
               1;
}

} // namespace

result<opened_jws> open_jws(std::string_view body) {
    const auto outer = json::parse(body);
    if (!outer || !only_members(*outer, {"protected", "payload", "signature"})) {
        return fail(errc::protocol, "not a flattened JWS");
    }
    const auto protected_part = outer->string("protected");
    const auto payload_part = outer->string("payload");
    const auto signature_part = outer->string("signature");
    if (!protected_part || !payload_part || !signature_part) {
        return fail(errc::protocol, "a part of the JWS is missing");
    }
    const auto header_text = crypto::base64url_decode(*protected_part);
    const auto payload = crypto::base64url_decode(*payload_part);
    const auto signature = crypto::base64url_decode(*signature_part);
    if (!header_text || !payload || !signature) {
        return fail(errc::protocol, "a part of the JWS is not base64url");
    }
    const auto header = json::parse(*header_text);
    if (!header || !only_members(*header, {"alg", "jwk", "kid", "nonce", "url"})) {
        return fail(errc::protocol, "a protected header with other members");
    }
    opened_jws opened;
    opened.algorithm = header->string("alg").value_or("");
    opened.nonce = header->string("nonce").value_or("");
    opened.has_nonce = std::ranges::count(header->member_names(), "nonce") > 0;
    opened.url = header->string("url").value_or("");
    opened.kid = header->string("kid").value_or("");
    if (const auto jwk = header->object("jwk")) {
        opened.jwk = canonical_jwk(*jwk);
        if (opened.jwk.empty()) {
            return fail(errc::protocol,
                        "a public key of another kind or with more members than belong there");
        }
    }
    if (opened.kid.empty() == opened.jwk.empty()) {
        return fail(errc::protocol, "exactly one of jwk and kid is allowed");
    }
    opened.payload = *payload;
    opened.signature = *signature;
    opened.signing_input = *protected_part + "." + *payload_part;
    return opened;
}

std::string canonical_jwk(const json::value& jwk) {
    const kind_of_key* const kind = kind_of(jwk);
    if (kind == nullptr || !only_members(jwk, kind->members)) {
        return {};
    }
    std::string text;
    for (const auto& name : kind->members) {
        text += (text.empty() ? "{\"" : ",\"") + name + "\":\"" + jwk.string(name).value_or("") + "\"";
    }
    return text + "}";
}

bool verify_jws(std::string_view algorithm, std::string_view jwk, std::string_view input,
                std::string_view signature) {
    const auto object = json::parse(jwk);
    const kind_of_key* const kind = object ? kind_of(*object) : nullptr;
    if (kind == nullptr || algorithm != kind->algorithm) {
        return false;
    }
    if (algorithm == "ES256") {
        return verifies(curve_key(*object, 32, "P-256").get(), EVP_sha256(), input,
                        der_signature(signature, 32));
    }
    if (algorithm == "ES384") {
        return verifies(curve_key(*object, 48, "P-384").get(), EVP_sha384(), input,
                        der_signature(signature, 48));
    }
    return algorithm == "RS256" ? verifies(rsa_key(*object).get(), EVP_sha256(), input, signature)
                                : verifies(edwards_key(*object).get(), nullptr, input, signature);
}

bool verify_es256(std::string_view jwk, std::string_view input, std::string_view signature) {
    return verify_jws("ES256", jwk, input, signature);
}

} // namespace evercert::testing
