#pragma once
#include "core/crypto/key.hpp"
#include "core/model/identifier.hpp"

#include <vector>

namespace evercert::crypto {

/// DER of a PKCS#10 request: empty subject, the names in a subjectAltName extension (critical is not needed
/// by CAs, and RFC 5280 section 4.2.1.6 asks it of the certificate), self-signed with SHA-256 (SHA-384 for
/// P-384, none for Ed25519).
result<std::string> make_csr(const key& subject_key, const std::vector<identifier>& names);

} // namespace evercert::crypto
