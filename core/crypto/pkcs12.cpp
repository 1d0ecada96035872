#include "core/crypto/pkcs12.hpp"

#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"

#include <openssl/pkcs12.h>

#include <string>

namespace evercert::crypto {
namespace {

/// What a password is worth is mostly its length; this many rounds cost us 20 ms and whoever tries passwords
/// five times what OpenSSL's default does.
constexpr int iterations = 10'000;

struct bags_freed {
    void operator()(STACK_OF(PKCS12_SAFEBAG) * bags) const noexcept {
        sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    }
};
struct parts_freed {
    void operator()(STACK_OF(PKCS7) * parts) const noexcept { sk_PKCS7_pop_free(parts, PKCS7_free); }
};
using bag_handle = std::unique_ptr<PKCS12_SAFEBAG, freed_by<PKCS12_SAFEBAG_free>>;
using bags_handle = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), bags_freed>;
using part_handle = std::unique_ptr<PKCS7, freed_by<PKCS7_free>>;
using parts_handle = std::unique_ptr<STACK_OF(PKCS7), parts_freed>;
using pkcs12_handle = std::unique_ptr<PKCS12, freed_by<PKCS12_free>>;
using pkcs8_handle = std::unique_ptr<PKCS8_PRIV_KEY_INFO, freed_by<PKCS8_PRIV_KEY_INFO_free>>;
using algorithm_handle = std::unique_ptr<X509_ALGOR, freed_by<X509_ALGOR_free>>;
using sealed_key_handle = std::unique_ptr<X509_SIG, freed_by<X509_SIG_free>>;

/// As encode_der, but no copy of what is secret is left in memory.
template <class Encode, class T>
secret encode_secret(Encode encode, T* object) {
    const int size = encode(object, nullptr);
    require(size > 0, "encoding DER");
    std::string bytes(static_cast<std::size_t>(size), '\0');
    unsigned char* at = as_bytes(bytes);
    require(encode(object, &at) == size, "encoding DER");
    return secret(std::move(bytes));
}

pkcs8_handle pkcs8_of(const key& from) {
    pkcs8_handle info(EVP_PKEY2PKCS8(from.native()));
    require(info != nullptr, "encoding a private key");
    return info;
}

class builder {
public:
    builder(std::string_view name, const std::vector<certificate>& chain, const key& of,
            const secret& password)
        : name_(name), chain_(chain), key_(of), password_(password.view()), seed_(private_key_der(of)) {}

    secret build() {
        parts_handle parts(sk_PKCS7_new_null());
        require(parts != nullptr, "making a PKCS#12 file");
        put(parts, certificates());
        put(parts, private_key());
        const pkcs12_handle file(PKCS12_add_safes(parts.get(), 0));
        std::string salt = derived("mac salt");
        require(file != nullptr &&
                    PKCS12_set_mac(file.get(), password_.c_str(), static_cast<int>(password_.size()),
                                   as_bytes(salt), static_cast<int>(salt.size()), iterations,
                                   EVP_sha256()) == 1,
                "making a PKCS#12 file");
        return encode_secret(i2d_PKCS12, file.get());
    }

    ~builder() { wipe(password_); }
    builder(const builder&) = delete;
    builder& operator=(const builder&) = delete;

private:
    static void put(parts_handle& parts, part_handle part) {
        require(part != nullptr && sk_PKCS7_push(parts.get(), part.get()) > 0, "making a PKCS#12 file");
        (void)part.release();
    }
    static void put(bags_handle& bags, bag_handle bag) {
        require(bag != nullptr && sk_PKCS12_SAFEBAG_push(bags.get(), bag.get()) > 0, "making a PKCS#12 file");
        (void)bag.release();
    }

    /// 16 bytes that are unlike for each use and set, and that nobody without the key can foretell.
    [[nodiscard]] std::string derived(std::string_view use) const {
        std::string context("evercert pkcs12 ");
        context.append(use).append(1, '\0').append(name_).append(1, '\0');
        context += chain_.front().fingerprint();
        return hmac_sha256(seed_.view(), context).substr(0, 16);
    }

    [[nodiscard]] algorithm_handle encryption(std::string_view what) const {
        std::string salt = derived(std::string(what) + " salt");
        std::string vector = derived(std::string(what) + " vector");
        algorithm_handle made(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), iterations, as_bytes(salt),
                                                static_cast<int>(salt.size()), as_bytes(vector),
                                                NID_hmacWithSHA256));
        require(made != nullptr, "choosing the encryption of a PKCS#12 file");
        return made;
    }

    /// Readers find the leaf that goes with the key by this, and show the name.
    void mark(PKCS12_SAFEBAG* bag) const {
        std::string id = sha256(chain_.front().der());
        require(bag != nullptr &&
                    PKCS12_add_friendlyname_utf8(bag, name_.c_str(), static_cast<int>(name_.size())) == 1 &&
                    PKCS12_add_localkeyid(bag, as_bytes(id), static_cast<int>(id.size())) == 1,
                "naming what is in a PKCS#12 file");
    }

    [[nodiscard]] part_handle certificates() const {
        bags_handle bags(sk_PKCS12_SAFEBAG_new_null());
        require(bags != nullptr, "making a PKCS#12 file");
        for (const certificate& each : chain_) {
            bag_handle bag(PKCS12_SAFEBAG_create_cert(each.native()));
            if (&each == &chain_.front()) {
                mark(bag.get());
            }
            put(bags, std::move(bag));
        }
        // OpenSSL's own function for this takes a salt, but no initialisation vector.
        part_handle part(PKCS7_new());
        require(part != nullptr && PKCS7_set_type(part.get(), NID_pkcs7_encrypted) == 1,
                "making a PKCS#12 file");
        PKCS7_ENC_CONTENT* const content = part->d.encrypted->enc_data;
        X509_ALGOR_free(content->algorithm);
        content->algorithm = encryption("certificates").release();
        ASN1_OCTET_STRING_free(content->enc_data);
        content->enc_data =
            PKCS12_item_i2d_encrypt(content->algorithm, ASN1_ITEM_rptr(PKCS12_SAFEBAGS), password_.c_str(),
                                    static_cast<int>(password_.size()), bags.get(), 1);
        require(content->enc_data != nullptr, "encrypting certificates");
        return part;
    }

    [[nodiscard]] part_handle private_key() const {
        const pkcs8_handle info = pkcs8_of(key_);
        algorithm_handle how = encryption("key");
        sealed_key_handle sealed(
            PKCS8_set0_pbe(password_.c_str(), static_cast<int>(password_.size()), info.get(), how.get()));
        require(sealed != nullptr, "encrypting a private key");
        (void)how.release();
        bag_handle bag(PKCS12_SAFEBAG_create0_pkcs8(sealed.get()));
        require(bag != nullptr, "making a PKCS#12 file");
        (void)sealed.release();
        mark(bag.get());
        bags_handle bags(sk_PKCS12_SAFEBAG_new_null());
        require(bags != nullptr, "making a PKCS#12 file");
        put(bags, std::move(bag));
        return part_handle(PKCS12_pack_p7data(bags.get()));
    }

    std::string name_;
    const std::vector<certificate>& chain_;
    const key& key_;
    std::string password_; ///< with the NUL that OpenSSL wants
    secret seed_;
};

} // namespace

secret private_key_der(const key& from) {
    const pkcs8_handle info = pkcs8_of(from);
    return encode_secret(i2d_PKCS8_PRIV_KEY_INFO, info.get());
}

secret make_pkcs12(std::string_view name, const std::vector<certificate>& chain, const key& of,
                   const secret& password) {
    return builder(name, chain, of, password).build();
}

} // namespace evercert::crypto
