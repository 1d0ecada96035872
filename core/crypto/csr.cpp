#include "core/crypto/csr.hpp"

#include "core/crypto/general_name.hpp"

namespace evercert::crypto {

result<std::string> make_csr(const key& subject_key, const std::vector<identifier>& names) {
    if (names.empty()) {
        return fail(errc::invalid_argument, "a certificate request needs at least one name");
    }
    const general_names_handle list(GENERAL_NAMES_new());
    require(list != nullptr, "making a CSR");
    for (const identifier& name : names) {
        general_name_handle made = to_general_name(name);
        if (made == nullptr) {
            return fail(errc::invalid_argument, "a name in the certificate request is malformed", name.value);
        }
        require(sk_GENERAL_NAME_push(list.get(), made.get()) > 0, "making a CSR");
        made.release(); // belongs to the list
    }
    STACK_OF(X509_EXTENSION)* extensions = nullptr;
    const int added = X509V3_add1_i2d(&extensions, NID_subject_alt_name, list.get(), 0, X509V3_ADD_APPEND);
    const extensions_handle owned(extensions);
    const request_handle request(X509_REQ_new());
    require(added == 1 && request != nullptr &&
                X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                X509_REQ_add_extensions(request.get(), extensions) == 1,
            "making a CSR");
    const bool ec = subject_key.type() == key_type::ecdsa_p256 || subject_key.type() == key_type::ecdsa_p384;
    if (ec) {
        set_ec_public_key(X509_REQ_get_X509_PUBKEY(request.get()), subject_key.type(),
                          subject_key.public_point());
    } else {
        require(X509_REQ_set_pubkey(request.get(), subject_key.native()) == 1, "making a CSR");
    }
    const EVP_MD* digest = subject_key.type() == key_type::ed25519      ? nullptr
                           : subject_key.type() == key_type::ecdsa_p384 ? EVP_sha384()
                                                                        : EVP_sha256();
    if (X509_REQ_sign(request.get(), subject_key.native(), digest) <= 0) {
        return fail(errc::internal,
                    "signing the certificate request failed in OpenSSL: " + take_openssl_reason());
    }
    return encode_der(i2d_X509_REQ, request.get());
}

} // namespace evercert::crypto
