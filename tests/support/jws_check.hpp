#pragma once
// Opens signed requests as a CA does.
#include "core/base/error.hpp"
#include "core/json/value.hpp"

#include <string>
#include <string_view>

namespace evercert::testing {

struct opened_jws {
    std::string algorithm;
    std::string nonce;
    std::string url;
    std::string kid; ///< empty when the key came along
    std::string jwk; ///< canonical text, members in order of name, or empty
    bool has_nonce = false;
    std::string payload;
    std::string signing_input;
    std::string signature;
};

/// Takes a flattened JWS apart; refuses any member or form that RFC 8555 section 6.2 forbids.
result<opened_jws> open_jws(std::string_view body);
/// A public JWK as its canonical text (RFC 7638 section 3.2): P-256, P-384, RSA and Ed25519. Empty for any
/// other, and for one with members that do not belong there, a private part above all.
std::string canonical_jwk(const json::value& jwk);
/// Checks an ES256, ES384, RS256 or EdDSA signature with the key of a canonical JWK; false when the algorithm
/// is not the key's.
bool verify_jws(std::string_view algorithm, std::string_view jwk, std::string_view input,
                std::string_view signature);
/// The same for ES256.
bool verify_es256(std::string_view jwk, std::string_view input, std::string_view signature);

} // namespace evercert::testing
