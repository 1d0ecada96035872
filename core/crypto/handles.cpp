#include "core/crypto/handles.hpp"

#include <openssl/asn1t.h> // ASN1_SEQUENCE, as an item
#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace evercert::crypto {

std::string take_openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) {
        return "OpenSSL gives no reason";
    }
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) {
        return reason;
    }
    std::string text(256, '\0');
    ERR_error_string_n(code, text.data(), text.size());
    text.resize(text.find('\0'));
    return text;
}

void require(bool good, std::string_view what) {
    if (!good) {
        throw std::runtime_error(std::string(what) + " failed in OpenSSL: " + take_openssl_reason());
    }
}

asn1_string_handle untouched(std::string_view whole) {
    const unsigned char* at = as_bytes(whole);
    return asn1_string_handle(reinterpret_cast<ASN1_STRING*>(
        ASN1_item_d2i(nullptr, &at, static_cast<long>(whole.size()), sequence_item())));
}

const ASN1_ITEM* sequence_item() noexcept {
    return ASN1_ITEM_rptr(ASN1_SEQUENCE);
}

void set_ec_public_key(X509_PUBKEY* info, key_type type, std::string_view point) {
    void* copy = OPENSSL_memdup(point.data(), point.size());
    const int curve = type == key_type::ecdsa_p384 ? NID_secp384r1 : NID_X9_62_prime256v1;
    const int set = copy == nullptr
                        ? 0
                        : X509_PUBKEY_set0_param(info, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                                                 OBJ_nid2obj(curve), static_cast<unsigned char*>(copy),
                                                 static_cast<int>(point.size()));
    if (set != 1) {
        OPENSSL_free(copy);
    }
    require(set == 1, "encoding a public key");
}

} // namespace evercert::crypto
