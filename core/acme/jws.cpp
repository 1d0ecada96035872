#include "core/acme/jws.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/json/writer.hpp"

namespace evercert::acme {
namespace {

std::string flattened(std::string_view protected_part, std::string_view payload_part,
                      std::string_view signature) {
    json::writer out;
    out.begin_object();
    out.member("protected", protected_part);
    out.member("payload", payload_part);
    out.member("signature", std::string_view(crypto::base64url(signature)));
    out.end_object();
    return out.text();
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
    auto signature = signer.jws_sign(protected_part + "." + payload_part);
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
