#pragma once
// Signed requests (RFC 8555 section 6.2, RFC 7515 flattened JSON serialization).
#include "core/acme/client.hpp"
#include "core/base/error.hpp"
#include "core/crypto/key.hpp"

#include <string>
#include <string_view>

namespace evercert::acme {

/// The protected header besides `alg`.
struct jws_header {
    std::string url;   ///< byte for byte what is being POSTed to
    std::string nonce; ///< empty in the inner JWS of a key change, which has none
    std::string kid;   ///< account URL; empty: the public key itself goes in as `jwk`
};

/// The request body. An empty `payload` makes it a POST-as-GET (section 6.3); "{}" is something else.
result<std::string> sign_jws(const crypto::key& signer, const jws_header& header, std::string_view payload);

/// The inner JWS of an external account binding (section 7.3.4): HS256 over the account's public JWK.
std::string bind_account(const binding& eab, std::string_view public_jwk, std::string_view new_account_url);

} // namespace evercert::acme
