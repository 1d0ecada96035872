#include "tests/support/test_crl.hpp"

#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"

#include <openssl/objects.h>
#include <openssl/rsa.h>

namespace evercert::testing {
namespace {

using namespace crypto;
using crl_handle = std::unique_ptr<X509_CRL, freed_by<X509_CRL_free>>;
using time_handle = std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>>;
using integer_handle = std::unique_ptr<ASN1_INTEGER, freed_by<ASN1_INTEGER_free>>;
using enumerated_handle = std::unique_ptr<ASN1_ENUMERATED, freed_by<ASN1_ENUMERATED_free>>;
using extension_handle = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

time_handle to_asn1(wall_time when) {
    time_handle made(ASN1_TIME_set(nullptr, std::chrono::floor<seconds>(when).time_since_epoch().count()));
    require(made != nullptr, "time");
    return made;
}

void add_entry(X509_CRL* list, const crl_plan::entry& entry) {
    X509_REVOKED* made = X509_REVOKED_new();
    const std::string octets = unhex(entry.serial).value();
    const bn_handle number(BN_bin2bn(as_bytes(octets), static_cast<int>(octets.size()), nullptr));
    const integer_handle serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
    require(X509_REVOKED_set_serialNumber(made, serial.get()) == 1, "serial");
    require(X509_REVOKED_set_revocationDate(made, to_asn1(entry.when).get()) == 1, "revocation date");
    if (entry.reason) {
        const enumerated_handle reason(ASN1_ENUMERATED_new());
        require(ASN1_ENUMERATED_set(reason.get(), *entry.reason) == 1, "reason");
        require(X509_REVOKED_add1_ext_i2d(made, NID_crl_reason, reason.get(), 0, 0) == 1, "reason");
    }
    require(X509_CRL_add0_revoked(list, made) == 1, "entry");
}

void sign(X509_CRL* list, EVP_PKEY* key, bool pss) {
    const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
    const md_context_handle context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    require(EVP_DigestSignInit(context.get(), &settings, digest, nullptr, key) == 1, "signing");
    if (pss) {
        require(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1, "PSS");
    }
    require(X509_CRL_sign_ctx(list, context.get()) > 0, "signing");
}

} // namespace

std::string make_crl(const authority& by, const crl_plan& plan) {
    const crl_handle list(X509_CRL_new());
    require(X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1, "version");
    require(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(by.own().native())) == 1, "issuer");
    require(X509_CRL_set1_lastUpdate(list.get(), to_asn1(plan.this_update).get()) == 1, "thisUpdate");
    if (plan.next_update) {
        require(X509_CRL_set1_nextUpdate(list.get(), to_asn1(*plan.next_update).get()) == 1, "nextUpdate");
    }
    for (const crl_plan::entry& entry : plan.entries) {
        add_entry(list.get(), entry);
    }
    if (plan.number) {
        const integer_handle number(ASN1_INTEGER_new());
        require(ASN1_INTEGER_set_uint64(number.get(), *plan.number) == 1, "number");
        require(X509_CRL_add1_ext_i2d(list.get(), NID_crl_number, number.get(), 0, 0) == 1, "number");
    }
    X509V3_CTX context{};
    X509V3_set_ctx(&context, by.own().native(), nullptr, nullptr, list.get(), 0);
    for (const auto& [name, value] : plan.extensions) {
        const extension_handle made(
            X509V3_EXT_conf_nid(nullptr, &context, OBJ_sn2nid(name.c_str()), value.c_str()));
        require(made != nullptr && X509_CRL_add_ext(list.get(), made.get(), -1) == 1, name);
    }
    sign(list.get(), by.key().native(), plan.pss);
    return encode_der(i2d_X509_CRL, list.get());
}

std::string tlv(unsigned char tag, std::string_view content) {
    std::string out(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        out += static_cast<char>(content.size());
    } else {
        std::string length;
        for (std::size_t rest = content.size(); rest > 0; rest >>= 8U) {
            length.insert(length.begin(), static_cast<char>(rest & 0xFFU));
        }
        out += static_cast<char>(0x80U | length.size());
        out += length;
    }
    return out.append(content);
}

std::string ecdsa_sha256() {
    return tlv(0x30, tlv(0x06, "\x2A\x86\x48\xCE\x3D\x04\x03\x02"));
}

std::string name_of(const authority& by) {
    return encode_der(i2d_X509_NAME, X509_get_subject_name(by.own().native()));
}

std::string sign_crl(const authority& by, std::string_view signed_part) {
    const md_context_handle context(EVP_MD_CTX_new());
    require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, by.key().native()) == 1,
            "signing");
    std::string signature(256, '\0');
    std::size_t size = signature.size();
    require(EVP_DigestSign(context.get(), as_bytes(signature), &size, as_bytes(signed_part),
                           signed_part.size()) == 1,
            "signing");
    signature.resize(size);
    return tlv(0x30, std::string(signed_part) + ecdsa_sha256() + tlv(0x03, std::string(1, '\0') + signature));
}

} // namespace evercert::testing
