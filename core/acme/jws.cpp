#include "core/acme/jws.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/json/writer.hpp"

namespace evercert::acme {
namespace {

std::string flattened(std::string_view protected_part, std::string_view payload_part,
                      std::string_view signature) {
    // Nothing in base64url needs a writer's care.
    const std::string signature_part = crypto::base64url(signature);
    std::string out;
    out.reserve(64 + protected_part.size() + payload_part.size() + signature_part.size());
    out.append(R"({"protected":")").append(protected_part);
    out.append(R"(","payload":")").append(payload_part);
    out.append(R"(","signature":")").append(signature_part).append(R"("})");
    return out;
}

} // namespace

result<std::string> sign_jws(const crypto::key& signer, const jws_header& header, std::string_view payload) {
    json::writer out;
    out.begin_object();
    out.member("alg", signer.jws_algorithm());
    if (header.kid.empty()) {
        out.key("jwk").raw(signer.public_jwk());
    } else {
        out.member("kid", header.kid);
    }
    if (!header.nonce.empty()) {
        out.member("nonce", header.nonce);
    }
    out.member("url", header.url);
    out.end_object();

    const std::string protected_part = crypto::base64url(out.text());
    const std::string payload_part = crypto::base64url(payload);
    std::string signed_part;
    signed_part.reserve(protected_part.size() + 1 + payload_part.size());
    signed_part.append(protected_part).append(1, '.').append(payload_part);
    auto signature = signer.jws_sign(signed_part);
    if (!signature) {
        return fail(signature.error().within("signing a request to the CA"));
    }
    return flattened(protected_part, payload_part, *signature);
}

std::string bind_account(const binding& eab, std::string_view public_jwk, std::string_view new_account_url) {
    json::writer out;
    out.begin_object();
    out.member("alg", "HS256");
    out.member("kid", eab.key_id);
    out.member("url", new_account_url);
    out.end_object();

    const std::string protected_part = crypto::base64url(out.text());
    const std::string payload_part = crypto::base64url(public_jwk);
    return flattened(protected_part, payload_part,
                     crypto::hmac_sha256(eab.hmac_key.view(), protected_part + "." + payload_part));
}

} // namespace evercert::acme
