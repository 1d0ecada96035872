#pragma once
// The certificate that answers a tls-alpn-01 challenge.
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

#include <string_view>

namespace evercert::crypto {

/// Self-signed by `with` (ECDSA): the name, without "*.", as its only subjectAltName (an address as
/// iPAddress, RFC 8738 section 6), the SHA-256 of the key authorization in a critical acmeIdentifier
/// extension (RFC 8737 section 3), and no other extension. Valid from a day before `now`, for hosts whose
/// clocks differ, to a week after it, which is how long a CA keeps an authorization pending.
/// errc::invalid_argument for a name that cannot be on a certificate.
result<certificate> make_alpn_certificate(const key& with, const identifier& name,
                                          std::string_view key_authorization, wall_time now);

/// Whether a certificate that some server showed is such an answer for this name and key authorization, as a
/// CA looks at it (RFC 8737 section 3). errc::not_found: it has no acmeIdentifier, an ordinary certificate;
/// refused: it answers for another key authorization; corrupted: it is malformed or names something else.
result<void> check_alpn_certificate(const certificate& shown, const identifier& name,
                                    std::string_view key_authorization);

} // namespace evercert::crypto
