#pragma once
// Internal to core/crypto: OpenSSL objects that free themselves, and what OpenSSL says when it fails.
#include "core/model/key_type.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace evercert::crypto {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};

struct extensions_freed {
    void operator()(STACK_OF(X509_EXTENSION) * list) const noexcept {
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    }
};

struct openssl_freed {
    void operator()(void* pointer) const noexcept { OPENSSL_free(pointer); }
};

using asn1_string_handle = std::unique_ptr<ASN1_STRING, freed_by<ASN1_STRING_free>>;
using bio_handle = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using bn_handle = std::unique_ptr<BIGNUM, freed_by<BN_clear_free>>;
using dist_points_handle = std::unique_ptr<CRL_DIST_POINTS, freed_by<CRL_DIST_POINTS_free>>;
using ecdsa_sig_handle = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;
using pkey_handle = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using md_context_handle = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using request_handle = std::unique_ptr<X509_REQ, freed_by<X509_REQ_free>>;
using general_name_handle = std::unique_ptr<GENERAL_NAME, freed_by<GENERAL_NAME_free>>;
using general_names_handle = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
using extensions_handle = std::unique_ptr<STACK_OF(X509_EXTENSION), extensions_freed>;
using public_key_info_handle = std::unique_ptr<X509_PUBKEY, freed_by<X509_PUBKEY_free>>;
using text_handle = std::unique_ptr<unsigned char, openssl_freed>;

inline const unsigned char* as_bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* as_bytes(std::string& text) noexcept {
    return reinterpret_cast<unsigned char*>(text.data());
}

/// The newest reason in this thread's OpenSSL error queue, which is emptied: what is left there would be
/// blamed on the next TLS operation of the same thread.
std::string take_openssl_reason();

/// For calls that fail only when memory is short or OpenSSL is not installed properly. Throws
/// std::runtime_error.
void require(bool good, std::string_view what);

/// DER through one of OpenSSL's i2d functions; throws as `require`. OpenSSL allocates: asking for the size
/// first would encode twice, and its encoders are slow.
template <class Encode, class T>
std::string encode_der(Encode encode, T* object) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    const text_handle owned(bytes);
    require(size > 0, "encoding DER");
    return std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

/// For what is signed: a SEQUENCE that OpenSSL keeps as the bytes it was, as the signature is over these very
/// bytes. nullptr if it is none.
asn1_string_handle untouched(std::string_view whole);
/// What it is to ASN1_item_verify.
const ASN1_ITEM* sequence_item() noexcept;

/// Fills in the SubjectPublicKeyInfo of an ECDSA key from its point, uncompressed; throws as `require`.
/// OpenSSL 3's own X509_PUBKEY_set looks through all its encoders each time, which costs several times as
/// much as a signature.
void set_ec_public_key(X509_PUBKEY* info, key_type type, std::string_view point);

} // namespace evercert::crypto
