#include "tests/support/test_pki.hpp"

#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"

#include <openssl/evp.h>
#include <openssl/objects.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <stdexcept>

namespace evercert::testing {
namespace {

using namespace crypto;
using x509_handle = std::unique_ptr<X509, freed_by<X509_free>>;
using extension_handle = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using octets_handle = std::unique_ptr<ASN1_OCTET_STRING, freed_by<ASN1_OCTET_STRING_free>>;

std::time_t seconds_of(wall_time time) {
    return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

void set_name(X509_NAME* name, const std::string& common_name) {
    if (!common_name.empty()) {
        require(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, as_bytes(common_name),
                                           static_cast<int>(common_name.size()), -1, 0) == 1,
                "name");
    }
}

void add_extension(X509* made, const X509* issuer, int nid, const char* text) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, const_cast<X509*>(issuer), made, nullptr, nullptr, 0);
    const extension_handle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, text));
    require(extension != nullptr && X509_add_ext(made, extension.get(), -1) == 1, text);
}

void add_raw_extension(X509* made, int nid, std::string_view bytes) {
    const octets_handle value(ASN1_OCTET_STRING_new());
    require(ASN1_OCTET_STRING_set(value.get(), as_bytes(bytes), static_cast<int>(bytes.size())) == 1,
            "extension");
    const extension_handle extension(X509_EXTENSION_create_by_NID(nullptr, nid, 0, value.get()));
    require(extension != nullptr && X509_add_ext(made, extension.get(), -1) == 1, "extension");
}

void add_crl_points(X509* made, const X509* issuer, const certificate_plan& plan) {
    if (plan.raw_crl_points) {
        add_raw_extension(made, NID_crl_distribution_points, *plan.raw_crl_points);
    } else if (!plan.crl_urls.empty()) {
        std::string all;
        for (const std::string& url : plan.crl_urls) {
            all += (all.empty() ? "URI:" : ",URI:") + url;
        }
        add_extension(made, issuer, NID_crl_distribution_points, all.c_str());
    }
}

std::string san_der(const std::vector<std::pair<san_kind, std::string>>& entries) {
    const general_names_handle list(GENERAL_NAMES_new());
    for (const auto& [kind, bytes] : entries) {
        GENERAL_NAME* name = GENERAL_NAME_new();
        ASN1_STRING* text =
            ASN1_STRING_type_new(kind == san_kind::ip ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
        require(ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size())) == 1, "SAN");
        const int type = kind == san_kind::dns     ? GEN_DNS
                         : kind == san_kind::ip    ? GEN_IPADD
                         : kind == san_kind::email ? GEN_EMAIL
                                                   : GEN_URI;
        GENERAL_NAME_set0_value(name, type, text);
        sk_GENERAL_NAME_push(list.get(), name);
    }
    return encode_der(i2d_GENERAL_NAMES, list.get());
}

crypto::certificate make(EVP_PKEY* subject_key, const certificate_plan& plan, EVP_PKEY* issuer_key,
                         const X509* issuer, const std::string& serial) {
    const x509_handle made(X509_new());
    require(made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1, "version");
    const bn_handle number(BN_bin2bn(as_bytes(serial), static_cast<int>(serial.size()), nullptr));
    require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())) != nullptr, "serial");
    set_name(X509_get_subject_name(made.get()), plan.common_name);
    const X509* above = issuer == nullptr ? made.get() : issuer;
    require(X509_set_issuer_name(made.get(), X509_get_subject_name(above)) == 1, "issuer");
    require(ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds_of(plan.not_before)) != nullptr,
            "notBefore");
    require(ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds_of(plan.not_after)) != nullptr, "notAfter");
    require(X509_set_pubkey(made.get(), subject_key) == 1, "public key");
    add_extension(made.get(), above, NID_subject_key_identifier, "hash");
    add_extension(made.get(), above, NID_authority_key_identifier, "keyid:always");
    add_extension(made.get(), above, NID_basic_constraints,
                  plan.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(made.get(), above, NID_key_usage,
                  !plan.ca        ? "critical,digitalSignature"
                  : plan.crl_sign ? "critical,keyCertSign,cRLSign"
                                  : "critical,keyCertSign");
    if (!plan.ca) {
        add_extension(made.get(), above, NID_ext_key_usage, "serverAuth");
    }
    if (plan.raw_san || !plan.san.empty()) {
        const std::string san = plan.raw_san ? *plan.raw_san : san_der(plan.san);
        for (int i = 0; i < (plan.san_twice ? 2 : 1); ++i) {
            add_raw_extension(made.get(), NID_subject_alt_name, san);
        }
    }
    add_crl_points(made.get(), above, plan);
    const EVP_MD* digest = EVP_PKEY_get_base_id(issuer_key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
    require(X509_sign(made.get(), issuer_key, digest) > 0, "signing");
    return certificate::from_der(encode_der(i2d_X509, made.get())).value();
}

certificate_plan ca_plan(const std::string& common_name) {
    certificate_plan plan;
    plan.common_name = common_name;
    plan.ca = true;
    return plan;
}

certificate_plan leaf_plan(const std::vector<identifier>& names, wall_time not_before, wall_time not_after,
                           mischief what) {
    using std::chrono::days;
    certificate_plan plan;
    plan.san = to_san(names);
    plan.not_before = not_before;
    plan.not_after = not_after;
    plan.ca = what == mischief::is_ca;
    if (what == mischief::extra_name) {
        plan.san.emplace_back(san_kind::dns, "extra.example.net");
    } else if (what == mischief::missing_name) {
        plan.san.pop_back();
    } else if (what == mischief::no_names) {
        plan.san.clear();
    } else if (what == mischief::nul_name) {
        plan.san.front().second += std::string("\0.evil.example", 14);
    } else if (what == mischief::expired) {
        plan.not_before = not_before - days(3650);
        plan.not_after = plan.not_before + seconds(1);
    } else if (what == mischief::future) {
        plan.not_before = not_before + days(3650);
        plan.not_after = not_after + days(3650);
    } else if (what == mischief::with_crl) {
        plan.crl_urls = {"http://ca.example/crl"};
    }
    return plan;
}

request_handle parse_csr(std::string_view der) {
    const unsigned char* at = as_bytes(der);
    request_handle request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (request == nullptr || at != as_bytes(der) + der.size()) {
        throw std::runtime_error("not a PKCS#10 request: " + take_openssl_reason());
    }
    return request;
}

identifier to_identifier(const GENERAL_NAME* name) {
    int kind = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &kind));
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<std::size_t>(ASN1_STRING_length(value)));
    if (kind == GEN_DNS) {
        return {identifier::kind::dns, bytes};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (kind != GEN_IPADD || (bytes.size() != 4 && bytes.size() != 16)) {
        throw std::runtime_error("a name in the CSR is of an odd kind");
    }
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
    return {identifier::kind::ip, text.data()};
}

} // namespace

std::vector<std::pair<san_kind, std::string>> to_san(const std::vector<identifier>& names) {
    std::vector<std::pair<san_kind, std::string>> entries;
    for (const identifier& name : names) {
        if (name.type == identifier::kind::dns) {
            entries.emplace_back(san_kind::dns, name.value);
            continue;
        }
        std::array<char, 16> bytes{};
        const bool v6 = name.value.find(':') != std::string::npos;
        require(inet_pton(v6 ? AF_INET6 : AF_INET, name.value.c_str(), bytes.data()) == 1, "address");
        entries.emplace_back(san_kind::ip, std::string(bytes.data(), v6 ? 16 : 4));
    }
    return entries;
}

authority authority::make_root(const std::string& common_name, key_type type) {
    crypto::key own_key = crypto::key::generate(type).value();
    auto own = make(own_key.native(), ca_plan(common_name), own_key.native(), nullptr, "\x01");
    return {std::move(own_key), std::move(own)};
}

authority authority::make_intermediate(const std::string& common_name) const {
    return make_intermediate(ca_plan(common_name));
}

authority authority::make_intermediate(certificate_plan plan) const {
    crypto::key own_key = crypto::key::generate(key_type::ecdsa_p256).value();
    auto own = issue(own_key.native(), plan);
    return {std::move(own_key), std::move(own)};
}

authority authority::cross_sign(const authority& same_as) const {
    return {same_as.key_, issue(same_as.key_.native(), ca_plan(same_as.own_.subject_common_name()))};
}

crypto::certificate authority::issue(evp_pkey_st* public_key, const certificate_plan& plan) const {
    std::string serial = plan.serial;
    if (serial.empty()) {
        const std::uint32_t number = next_serial_++;
        serial = {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
    }
    return make(public_key, plan, key_.native(), own_.native(), serial);
}

test_ca::test_ca(const std::string& name)
    : root_(authority::make_root(name + " Root"))
    , upper_(root_.make_intermediate(name + " Upper"))
    , issuing_(upper_.make_intermediate(name + " Issuing")) {}

std::string test_ca::issue_chain_pem(std::string_view csr_der, const std::vector<identifier>& names,
                                     wall_time not_before, wall_time not_after, mischief what) const {
    const request_handle request = parse_csr(csr_der);
    return chain_for(X509_REQ_get0_pubkey(request.get()), names, not_before, not_after, what);
}

std::string test_ca::issue_chain_pem(const crypto::key& key, const std::vector<identifier>& names,
                                     wall_time not_before, wall_time not_after, mischief what) const {
    return chain_for(key.native(), names, not_before, not_after, what);
}

std::string test_ca::chain_for(evp_pkey_st* public_key, const std::vector<identifier>& names,
                               wall_time not_before, wall_time not_after, mischief what) const {
    std::optional<crypto::key> other;
    if (what == mischief::wrong_key) {
        other = crypto::key::generate(key_type::ecdsa_p256).value();
        public_key = other->native();
    }
    const auto leaf = issuing_.issue(public_key, leaf_plan(names, not_before, not_after, what));
    std::vector<crypto::certificate> chain{leaf, issuing_.own(), upper_.own()};
    if (what == mischief::shuffled) {
        std::ranges::reverse(chain);
    } else if (what == mischief::with_root) {
        chain.push_back(root_.own());
    } else if (what == mischief::unrelated_top) {
        chain.push_back(authority::make_root("Somebody Else").own());
    } else if (what == mischief::broken_link) {
        chain = {leaf, authority::make_root(issuing_.own().subject_common_name()).own(), upper_.own()};
    } else if (what == mischief::leaf_only) {
        chain.resize(1, leaf);
    }
    std::string pem = to_pem(chain);
    if (what == mischief::private_key) {
        pem += crypto::key::generate(key_type::ecdsa_p256).value().to_pem().view();
    }
    return pem;
}

csr_facts read_csr(std::string_view der) {
    const request_handle request = parse_csr(der);
    EVP_PKEY* public_key = X509_REQ_get0_pubkey(request.get());
    csr_facts facts;
    facts.signature_good = X509_REQ_verify(request.get(), public_key) == 1;
    facts.subject_empty = X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())) == 0;
    facts.public_digest = sha256(encode_der(i2d_PUBKEY, public_key));
    facts.signature_name = OBJ_nid2ln(X509_REQ_get_signature_nid(request.get()));
    const extensions_handle extensions(X509_REQ_get_extensions(request.get()));
    void* raw = X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr);
    const general_names_handle list(static_cast<GENERAL_NAMES*>(raw));
    for (int i = 0; list != nullptr && i < sk_GENERAL_NAME_num(list.get()); ++i) {
        facts.names.push_back(to_identifier(sk_GENERAL_NAME_value(list.get(), i)));
    }
    std::ranges::sort(facts.names);
    return facts;
}

} // namespace evercert::testing
