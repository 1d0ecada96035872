#include "core/crypto/alpn_certificate.hpp"

#include "core/crypto/digest.hpp"
#include "core/crypto/general_name.hpp"

namespace evercert::crypto {
namespace {

using certificate_handle = std::unique_ptr<X509, freed_by<X509_free>>;
using extension_handle = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using object_handle = std::unique_ptr<ASN1_OBJECT, freed_by<ASN1_OBJECT_free>>;

constexpr std::chrono::days clock_margin(1);
constexpr std::chrono::days lifetime(7);
constexpr std::string_view doing = "making a challenge certificate";

void add_name(X509* to, general_name_handle name) {
    const general_names_handle list(GENERAL_NAMES_new());
    require(list != nullptr && sk_GENERAL_NAME_push(list.get(), name.get()) > 0, doing);
    name.release(); // belongs to the list
    require(X509_add1_ext_i2d(to, NID_subject_alt_name, list.get(), 0, X509V3_ADD_APPEND) == 1, doing);
}

constexpr const char* acme_identifier = "1.3.6.1.5.5.7.1.31";
// The extension's value is an OCTET STRING of 32 bytes, in DER.
constexpr std::string_view digest_header("\x04\x20", 2);

void add_digest(X509* to, std::string_view key_authorization) {
    const std::string value = std::string(digest_header) + sha256(key_authorization);
    const asn1_string_handle octets(ASN1_STRING_type_new(V_ASN1_OCTET_STRING));
    const object_handle oid(OBJ_txt2obj(acme_identifier, 1));
    require(octets != nullptr && oid != nullptr &&
                ASN1_STRING_set(octets.get(), value.data(), static_cast<int>(value.size())) == 1,
            doing);
    const extension_handle made(X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 1, octets.get()));
    require(made != nullptr && X509_add_ext(to, made.get(), -1) == 1, doing);
}

void set_subject(X509* of) {
    X509_NAME* name = X509_get_subject_name(of);
    const std::string text = "ACME challenge";
    require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, as_bytes(text),
                                       static_cast<int>(text.size()), -1, 0) == 1 &&
                X509_set_issuer_name(of, name) == 1,
            doing);
}

/// Certificates of one issuer name must have different numbers: those of one key differ in what they prove.
void set_serial(X509* of, std::string_view key_authorization, const identifier& name) {
    std::string bytes = sha256(name.value + '\n' + std::string(key_authorization)).substr(0, 16);
    bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x3FU) | 0x40U); // positive, not 0
    const bn_handle number(BN_bin2bn(as_bytes(bytes), static_cast<int>(bytes.size()), nullptr));
    require(number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(of)) != nullptr,
            doing);
}

bool set_dates(X509* of, wall_time now) {
    const auto at = [](wall_time when) {
        return static_cast<time_t>(std::chrono::floor<seconds>(when).time_since_epoch().count());
    };
    return ASN1_TIME_set(X509_getm_notBefore(of), at(now - clock_margin)) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(of), at(now + lifetime)) != nullptr;
}

} // namespace

result<certificate> make_alpn_certificate(const key& with, const identifier& name,
                                          std::string_view key_authorization, wall_time now) {
    const identifier base{name.type, name.base()};
    general_name_handle san = to_general_name(base);
    if (san == nullptr) {
        return fail(errc::invalid_argument, "a name for a challenge certificate is malformed", base.value);
    }
    const certificate_handle made(X509_new());
    require(made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
                set_dates(made.get(), now),
            doing);
    set_serial(made.get(), key_authorization, base);
    set_subject(made.get());
    set_ec_public_key(X509_get_X509_PUBKEY(made.get()), with.type(), with.public_point());
    add_name(made.get(), std::move(san));
    add_digest(made.get(), key_authorization);
    if (X509_sign(made.get(), with.native(), EVP_sha256()) <= 0) {
        return fail(errc::internal,
                    "signing a challenge certificate failed in OpenSSL: " + take_openssl_reason());
    }
    return certificate::from_der(encode_der(i2d_X509, made.get()));
}

result<void> check_alpn_certificate(const certificate& shown, const identifier& name,
                                    std::string_view key_authorization) {
    const object_handle oid(OBJ_txt2obj(acme_identifier, 1));
    require(oid != nullptr, "reading a challenge certificate");
    const int place = X509_get_ext_by_OBJ(shown.native(), oid.get(), -1);
    if (place < 0) {
        return fail(errc::not_found,
                    "the certificate has no acmeIdentifier extension: it is an ordinary one");
    }
    X509_EXTENSION* extension = X509_get_ext(shown.native(), place);
    const ASN1_OCTET_STRING* data = X509_EXTENSION_get_data(extension);
    const std::string value(ASN1_STRING_get0_data(data),
                            ASN1_STRING_get0_data(data) + ASN1_STRING_length(data));
    if (X509_EXTENSION_get_critical(extension) == 0 || !value.starts_with(digest_header) ||
        value.size() != digest_header.size() + sha256({}).size()) {
        return fail(errc::corrupted,
                    "the certificate's acmeIdentifier extension is malformed or not critical");
    }
    if (!value.ends_with(sha256(key_authorization))) {
        return fail(errc::refused, "the certificate answers for another challenge or another account's key");
    }
    const auto names = shown.names();
    if (!names) {
        return fail(errc::corrupted, names.error().message);
    }
    if (names->size() != 1 || names->front() != identifier{name.type, name.base()}) {
        return fail(errc::corrupted, "the certificate does not name exactly what is proven");
    }
    return {};
}

} // namespace evercert::crypto
