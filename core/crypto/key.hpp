#pragma once
// Private keys: account keys and certificate keys.
#include "core/base/error.hpp"
#include "core/crypto/secret.hpp"
#include "core/model/key_type.hpp"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace evercert::crypto {

/// A private key; copies share it. Thread-safe for signing.
class key {
public:
    /// Slow for RSA (seconds for 4096): call it in the worker pool.
    static result<key> generate(key_type type);
    /// An unencrypted PKCS#8 or traditional PEM key of a supported type; anything else is errc::corrupted.
    static result<key> from_pem(std::string_view pem);

    [[nodiscard]] secret to_pem() const; ///< PKCS#8
    [[nodiscard]] key_type type() const noexcept;
    /// SHA-256 of the DER SubjectPublicKeyInfo, raw: two keys are the same when these are.
    [[nodiscard]] const std::string& public_digest() const noexcept;

    /// The public point of an ECDSA key, uncompressed; empty for others.
    [[nodiscard]] const std::string& public_point() const noexcept { return public_point_; }

    /// JWS algorithm (RFC 7518, RFC 8037): ES256, ES384, RS256 or EdDSA.
    [[nodiscard]] std::string_view jws_algorithm() const noexcept;
    /// JWS signature bytes: r||s of fixed width for ECDSA, PKCS#1 v1.5 for RSA, 64 bytes for Ed25519.
    [[nodiscard]] result<std::string> jws_sign(std::string_view input) const;
    /// The public JWK with just the required members in lexicographic order and no white space (RFC 7638
    /// section 3).
    [[nodiscard]] std::string public_jwk() const;
    /// base64url of the SHA-256 of public_jwk (RFC 7638).
    [[nodiscard]] std::string jwk_thumbprint() const;

    [[nodiscard]] evp_pkey_st* native() const noexcept { return handle_.get(); }

private:
    struct signing;
    key(std::shared_ptr<evp_pkey_st> handle, key_type type);
    std::shared_ptr<evp_pkey_st> handle_;
    key_type type_;
    std::string public_point_;
    std::string public_digest_;
    std::shared_ptr<signing> signing_;
};

/// RFC 7638 thumbprint of a JWK's required members as text (test vectors, and public_jwk above).
std::string thumbprint_of(std::string_view canonical_jwk);

} // namespace evercert::crypto
