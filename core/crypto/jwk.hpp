#pragma once
// Private keys as other ACME clients keep them: JWKs (RFC 7517, RFC 7518 section 6, RFC 8037).
#include "core/crypto/key.hpp"

#include <string>

namespace evercert::crypto {

/// The members of a private JWK as they stand there: numbers and points in base64url. What a kind of key does
/// not have is empty. Wiped when it goes.
struct private_jwk {
    std::string kty; ///< "RSA", "EC" or "OKP"
    std::string crv; ///< EC: "P-256", "P-384"; OKP: "Ed25519"
    std::string n, e, p, q, dp, dq, qi;
    std::string x, y;
    std::string d;

    private_jwk() = default;
    private_jwk(const private_jwk&) = delete;
    private_jwk& operator=(const private_jwk&) = delete;
    ~private_jwk();
};

/// errc::unsupported for kinds that no CA takes here and for an RSA key without its primes; errc::corrupted
/// for what is no key, whose halves do not fit, or that has more than two primes. Messages show nothing of
/// the key.
result<key> key_from_jwk(const private_jwk& jwk);

} // namespace evercert::crypto
