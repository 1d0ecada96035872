#pragma once
// Internal to core/crypto: a private key as text.
#include "core/crypto/handles.hpp"
#include "core/crypto/secret.hpp"
#include "core/model/key_type.hpp"

namespace evercert::crypto {

/// PKCS#8 in PEM, unencrypted. Throws as `require`.
secret private_key_text(EVP_PKEY* pkey, key_type type);
/// The same by OpenSSL's own encoder. It takes every key, but OpenSSL 3 looks through all its encoders each
/// time, which costs more than making a key.
secret private_key_text_by_openssl(EVP_PKEY* pkey);

} // namespace evercert::crypto
