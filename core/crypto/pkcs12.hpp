#pragma once
// A certificate and its key in the binary forms that some servers want.
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::crypto {

/// PKCS#8 (RFC 5958), DER, not encrypted. Throws std::runtime_error if OpenSSL cannot.
secret private_key_der(const key& from);

/// A PKCS#12 file (RFC 7292) with the key, its leaf and what is above it: the key and the certificates each
/// under PBES2 with AES-256-CBC, all of it under an HMAC with SHA-256. OpenSSL 1.1.1, Java 8u301 and Windows
/// Server 2019 read it, and newer ones.
///
/// `name` is the friendly name of key and leaf, in UTF-8. `password` is UTF-8 without NUL; empty is allowed.
/// Equal arguments make equal bytes, so that one can tell whether a file is up to date: salts and
/// initialisation vectors are derived from the private key, as deterministic signatures do (RFC 6979).
/// Throws std::runtime_error if OpenSSL cannot.
secret make_pkcs12(std::string_view name, const std::vector<certificate>& chain, const key& of,
                   const secret& password);

} // namespace evercert::crypto
