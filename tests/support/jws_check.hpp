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
    std::string jwk; ///< canonical text {"crv","kty","x","y"}, or empty
    std::string payload;
    std::string signing_input;
    std::string signature;
};

/// Takes a flattened JWS apart; refuses any member or form that RFC 8555 section 6.2 forbids.
result<opened_jws> open_jws(std::string_view body);
/// Checks an ES256 signature with the P-256 key of a JWK text.
bool verify_es256(std::string_view jwk, std::string_view input, std::string_view signature);

} // namespace evercert::testing
