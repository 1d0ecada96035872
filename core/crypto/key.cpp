#include "core/crypto/key.hpp"

#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"
#include "core/crypto/private_key_text.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <algorithm>
#include <mutex>
#include <optional>

namespace evercert::crypto {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;

// OpenSSL would otherwise ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

struct der_block {
    unsigned char* bytes = nullptr;
    long size = 0;
    char* name = nullptr;

    der_block() = default;
    der_block(const der_block&) = delete;
    der_block& operator=(const der_block&) = delete;
    ~der_block() {
        OPENSSL_secure_clear_free(bytes, static_cast<std::size_t>(size));
        OPENSSL_secure_free(name); // comes from the same heap as the bytes
    }
};

std::optional<key_type> supported_type(EVP_PKEY* pkey) {
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_ED25519:
        return key_type::ed25519;
    case EVP_PKEY_RSA:
        switch (EVP_PKEY_get_bits(pkey)) {
        case 2048:
            return key_type::rsa_2048;
        case 3072:
            return key_type::rsa_3072;
        case 4096:
            return key_type::rsa_4096;
        default:
            return std::nullopt;
        }
    case EVP_PKEY_EC: {
        // A curve written out as parameters may be known to OpenSSL, yet no CA takes such a key.
        int explicit_parameters = 0;
        EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters);
        std::string group(64, '\0');
        std::size_t size = 0;
        if (explicit_parameters != 0 ||
            EVP_PKEY_get_group_name(pkey, group.data(), group.size(), &size) != 1) {
            return std::nullopt;
        }
        const int curve = OBJ_txt2nid(group.c_str());
        return curve == NID_X9_62_prime256v1 ? std::optional(key_type::ecdsa_p256)
               : curve == NID_secp384r1      ? std::optional(key_type::ecdsa_p384)
                                             : std::nullopt;
    }
    default:
        return std::nullopt;
    }
}

const EVP_MD* signing_digest(key_type type) noexcept {
    switch (type) {
    case key_type::ed25519:
        return nullptr; // has its hash built in
    case key_type::ecdsa_p384:
        return EVP_sha384();
    default:
        return EVP_sha256();
    }
}

/// nullptr if OpenSSL cannot.
md_context_handle begin_signing(EVP_PKEY* pkey, key_type type) {
    md_context_handle context(EVP_MD_CTX_new());
    if (context == nullptr ||
        EVP_DigestSignInit(context.get(), nullptr, signing_digest(type), nullptr, pkey) != 1) {
        return nullptr;
    }
    return context;
}

/// `begun` is only read.
result<std::string> sign(const EVP_MD_CTX* begun, EVP_PKEY* pkey, key_type type, std::string_view input) {
    md_context_handle context;
    if (type == key_type::ed25519 || begun == nullptr) {
        context = begin_signing(pkey, type); // OpenSSL 3.0 does not copy one without a digest
    } else {
        context.reset(EVP_MD_CTX_new());
        if (context != nullptr && EVP_MD_CTX_copy_ex(context.get(), begun) != 1) {
            context = nullptr;
        }
    }
    std::size_t size =
        static_cast<std::size_t>(std::max(EVP_PKEY_get_size(pkey), 0)); // the largest it may have
    std::string signature(size, '\0');
    if (context == nullptr ||
        EVP_DigestSign(context.get(), as_bytes(signature), &size, as_bytes(input), input.size()) != 1) {
        return fail(errc::internal, "signing failed in OpenSSL: " + take_openssl_reason());
    }
    signature.resize(size);
    return signature;
}

bool verify(EVP_PKEY* pkey, key_type type, std::string_view input, std::string_view signature) {
    const md_context_handle context(EVP_MD_CTX_new());
    const bool good =
        context != nullptr &&
        EVP_DigestVerifyInit(context.get(), nullptr, signing_digest(type), nullptr, pkey) == 1 &&
        EVP_DigestVerify(context.get(), as_bytes(signature), signature.size(), as_bytes(input),
                         input.size()) == 1;
    if (!good) {
        take_openssl_reason();
    }
    return good;
}

bool is_ecdsa(key_type type) noexcept {
    return type == key_type::ecdsa_p256 || type == key_type::ecdsa_p384;
}
int coordinate_size(key_type type) noexcept {
    return type == key_type::ecdsa_p384 ? 48 : 32;
}

std::string padded(const BIGNUM* number, int size) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    require(BN_bn2binpad(number, as_bytes(bytes), size) == size, "writing a number");
    return bytes;
}

bn_handle number_of(EVP_PKEY* pkey, const char* parameter) {
    BIGNUM* number = nullptr;
    require(EVP_PKEY_get_bn_param(pkey, parameter, &number) == 1, "reading a public key");
    return bn_handle(number);
}

/// The SubjectPublicKeyInfo (RFC 5480). By ourselves for ECDSA, as OpenSSL 3 looks through all its encoders.
std::string public_info(EVP_PKEY* pkey, key_type type, std::string_view point) {
    if (!is_ecdsa(type)) {
        return encode_der(i2d_PUBKEY, pkey);
    }
    const public_key_info_handle info(X509_PUBKEY_new());
    require(info != nullptr, "encoding a public key");
    set_ec_public_key(info.get(), type, point);
    return encode_der(i2d_X509_PUBKEY, info.get());
}

/// The public point of an ECDSA key, uncompressed; empty for others.
std::string point_of(EVP_PKEY* pkey, key_type type) {
    if (!is_ecdsa(type)) {
        return {};
    }
    unsigned char* bytes = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(pkey, &bytes);
    const text_handle owned(bytes);
    require(size > 0, "reading a public key");
    return {reinterpret_cast<const char*>(bytes), size};
}

} // namespace

/// What EVP_DigestSignInit makes: it looks for algorithms by their names, which costs half a signature. Made
/// once a key and copied for each signature; nothing but copied afterwards, so threads may share it.
struct key::signing {
    std::once_flag once;
    md_context_handle begun;
};

key::key(std::shared_ptr<evp_pkey_st> handle, key_type type)
    : handle_(std::move(handle))
    , type_(type)
    , public_point_(point_of(handle_.get(), type))
    , public_digest_(sha256(public_info(handle_.get(), type, public_point_)))
    , signing_(std::make_shared<signing>()) {}

namespace {

using pkey_context_handle = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;

/// Makes EC keys of one curve. Kept by each thread: setting it up costs OpenSSL more than a key.
struct ec_maker {
    explicit ec_maker(const char* curve) : context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)) {
        if (context != nullptr && (EVP_PKEY_keygen_init(context.get()) != 1 ||
                                   EVP_PKEY_CTX_set_group_name(context.get(), curve) != 1)) {
            context = nullptr;
        }
    }
    pkey_handle make() const {
        EVP_PKEY* made = nullptr;
        if (context != nullptr && EVP_PKEY_generate(context.get(), &made) != 1) {
            EVP_PKEY_free(made);
            made = nullptr;
        }
        return pkey_handle(made);
    }
    pkey_context_handle context;
};

pkey_handle make_p256() {
    thread_local const ec_maker maker("P-256");
    return maker.make();
}
pkey_handle make_p384() {
    thread_local const ec_maker maker("P-384");
    return maker.make();
}

} // namespace

result<key> key::generate(key_type type) {
    pkey_handle made;
    switch (type) {
    case key_type::ecdsa_p256:
        made = make_p256();
        break;
    case key_type::ecdsa_p384:
        made = make_p384();
        break;
    case key_type::rsa_2048:
        made.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
        break;
    case key_type::rsa_3072:
        made.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{3072}));
        break;
    case key_type::rsa_4096:
        made.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{4096}));
        break;
    case key_type::ed25519:
        made.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        break;
    }
    if (made == nullptr) {
        return fail(errc::internal, fmt::format("making a key of type {} failed in OpenSSL: {}",
                                                to_string(type), take_openssl_reason()));
    }
    return key(std::shared_ptr<EVP_PKEY>(std::move(made)), type);
}

result<key> key::from_pem(std::string_view pem) {
    if (pem.size() > largest_file) {
        return fail(errc::corrupted, fmt::format("not a private key: {} bytes are too many", pem.size()));
    }
    const bio_handle source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    require(source != nullptr, "reading PEM");
    der_block block;
    // Skips other blocks, such as the EC PARAMETERS that `openssl ecparam` writes in front.
    if (PEM_bytes_read_bio_secmem(&block.bytes, &block.size, &block.name, PEM_STRING_EVP_PKEY, source.get(),
                                  no_passphrase, nullptr) != 1) {
        const std::string reason = take_openssl_reason();
        return fail(errc::corrupted,
                    fmt::format("no private key that can be read without a passphrase in it ({}); an "
                                "unencrypted PEM file (PKCS#8, RSA or EC) is needed",
                                reason));
    }
    if (std::string_view(block.name) == PEM_STRING_PKCS8) {
        return fail(errc::corrupted,
                    "the private key is encrypted with a passphrase, which a daemon cannot type: "
                    "write it out unencrypted (openssl pkey -in FILE -out NEW)");
    }
    const unsigned char* at = block.bytes;
    pkey_handle read(d2i_AutoPrivateKey(nullptr, &at, block.size));
    if (read == nullptr) {
        return fail(errc::corrupted, "the private key is damaged: " + take_openssl_reason());
    }
    const auto type = supported_type(read.get());
    take_openssl_reason();
    if (!type) {
        return fail(errc::corrupted,
                    "the private key is of a kind that is not supported: it must be ECDSA P-256 or "
                    "P-384, RSA of 2048, 3072 or 4096 bits, or Ed25519");
    }
    if (is_ecdsa(*type)) {
        // Public keys must come out the same however the file wrote the point.
        EVP_PKEY_set_utf8_string_param(read.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed");
    }
    // A flipped bit in the private or public half reads without complaint, and would only show when the CA
    // refuses.
    constexpr std::string_view probe = "evercert";
    const md_context_handle begun = begin_signing(read.get(), *type);
    const auto signature = sign(begun.get(), read.get(), *type, probe);
    if (!signature || !verify(read.get(), *type, probe, *signature)) {
        return fail(errc::corrupted,
                    "the private key is damaged: what it signs does not verify with its public half");
    }

    return key(std::shared_ptr<EVP_PKEY>(std::move(read)), *type);
}

secret key::to_pem() const {
    return private_key_text(native(), type_);
}

key_type key::type() const noexcept {
    return type_;
}

const std::string& key::public_digest() const noexcept {
    return public_digest_;
}

std::string_view key::jws_algorithm() const noexcept {
    switch (type_) {
    case key_type::ecdsa_p256:
        return "ES256";
    case key_type::ecdsa_p384:
        return "ES384";
    case key_type::ed25519:
        return "EdDSA";
    default:
        return "RS256";
    }
}

result<std::string> key::jws_sign(std::string_view input) const {
    std::call_once(signing_->once, [this] { signing_->begun = begin_signing(native(), type_); });
    auto signature = sign(signing_->begun.get(), native(), type_, input);
    if (!signature || !is_ecdsa(type_)) {
        return signature;
    }
    // RFC 7518 section 3.4: not OpenSSL's DER, but both numbers at full width.
    const unsigned char* at = as_bytes(*signature);
    const ecdsa_sig_handle pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature->size())));
    if (pair == nullptr) {
        return fail(errc::internal, "reading back a signature failed in OpenSSL: " + take_openssl_reason());
    }
    const int size = coordinate_size(type_);
    return padded(ECDSA_SIG_get0_r(pair.get()), size) + padded(ECDSA_SIG_get0_s(pair.get()), size);
}

std::string key::public_jwk() const {
    if (type_ == key_type::ed25519) {
        std::string x(32, '\0');
        std::size_t size = x.size();
        require(EVP_PKEY_get_raw_public_key(native(), as_bytes(x), &size) == 1, "reading a public key");
        return fmt::format(R"({{"crv":"Ed25519","kty":"OKP","x":"{}"}})", base64url(x));
    }
    if (is_ecdsa(type_)) {
        const auto size = static_cast<std::size_t>(coordinate_size(type_));
        const std::string_view x = std::string_view(public_point_).substr(1, size);
        const std::string_view y = std::string_view(public_point_).substr(1 + size);
        return fmt::format(R"({{"crv":"{}","kty":"EC","x":"{}","y":"{}"}})",
                           type_ == key_type::ecdsa_p384 ? "P-384" : "P-256", base64url(x), base64url(y));
    }
    const bn_handle n = number_of(native(), OSSL_PKEY_PARAM_RSA_N);
    const bn_handle e = number_of(native(), OSSL_PKEY_PARAM_RSA_E);
    return fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})",
                       base64url(padded(e.get(), BN_num_bytes(e.get()))),
                       base64url(padded(n.get(), BN_num_bytes(n.get()))));
}

std::string key::jwk_thumbprint() const {
    return thumbprint_of(public_jwk());
}

std::string thumbprint_of(std::string_view canonical_jwk) {
    return base64url(sha256(canonical_jwk));
}

} // namespace evercert::crypto
