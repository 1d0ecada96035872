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
    opened.url = header->string("url").value_or("");
    opened.kid = header->string("kid").value_or("");
    if (const auto jwk = header->object("jwk")) {
        opened.jwk = R"({"crv":")" + jwk->string("crv").value_or("") + R"(","kty":")" +
                     jwk->string("kty").value_or("") + R"(","x":")" + jwk->string("x").value_or("") +
                     R"(","y":")" + jwk->string("y").value_or("") + "\"}";
    }
    if (opened.kid.empty() == opened.jwk.empty()) {
        return fail(errc::protocol, "exactly one of jwk and kid is allowed");
    }
    opened.payload = *payload;
    opened.signature = *signature;
    opened.signing_input = *protected_part + "." + *payload_part;
    return opened;
}

bool verify_es256(std::string_view jwk, std::string_view input, std::string_view signature) {
    const auto object = json::parse(jwk);
    if (!object || signature.size() != 64) {
        return false;
    }
    const auto x = crypto::base64url_decode(object->string("x").value_or(""));
    const auto y = crypto::base64url_decode(object->string("y").value_or(""));
    if (!x || !y || x->size() != 32 || y->size() != 32) {
        return false;
    }
    const std::string point = "\x04" + *x + *y;
    const owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> build(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    const owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(build.get()));
    const owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* raw = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return false;
    }
    const owned<EVP_PKEY, EVP_PKEY_free> key(raw);

    const owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes(signature), 32, nullptr),
                   BN_bin2bn(bytes(signature.substr(32)), 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    const owned<EVP_MD_CTX, EVP_MD_CTX_free> digest(EVP_MD_CTX_new());
    const bool good =
        size > 0 && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestVerify(digest.get(), der, static_cast<std::size_t>(size), bytes(input), input.size()) == 1;
    OPENSSL_free(der);
    return good;
}

} // namespace evercert::testing
