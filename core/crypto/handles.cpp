#include "core/crypto/handles.hpp"

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

void set_ec_public_key(X509_PUBKEY* info, EVP_PKEY* pkey) {
    std::array<char, 64> group{};
    std::size_t size = 0;
    require(EVP_PKEY_get_group_name(pkey, group.data(), group.size(), &size) == 1, "reading a public key");
    unsigned char* point = nullptr;
    const std::size_t length = EVP_PKEY_get1_encoded_public_key(pkey, &point);
    require(length > 0, "reading a public key");
    const int set = X509_PUBKEY_set0_param(info, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                                           OBJ_txt2obj(group.data(), 0), point, static_cast<int>(length));
    if (set != 1) {
        OPENSSL_free(point);
    }
    require(set == 1, "encoding a public key");
}

} // namespace evercert::crypto
