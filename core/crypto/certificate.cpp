#include "core/crypto/certificate.hpp"

#include "core/base/text.hpp"
#include "core/crypto/der.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <optional>

namespace evercert::crypto {
namespace {

std::string_view contents(const ASN1_STRING* text) {
    const int size = ASN1_STRING_length(text);
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(std::max(size, 0))};
}

std::optional<wall_time> to_wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return std::nullopt;
    }
    using namespace std::chrono;
    const year_month_day day = year(parts.tm_year + 1900) / month(static_cast<unsigned>(parts.tm_mon) + 1) /
                               static_cast<unsigned>(parts.tm_mday);
    if (!day.ok()) {
        return std::nullopt;
    }
    return sys_days(day) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}

std::string common_name(const X509_NAME* name) {
    int at = -1;
    // The last one is the most specific, and what browsers and OpenSSL show.
    for (int next = -1; (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) {
        at = next;
    }
    if (at < 0) {
        return {};
    }
    unsigned char* raw = nullptr;
    const int size = ASN1_STRING_to_UTF8(&raw, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    const text_handle text(raw);
    if (size < 0) {
        take_openssl_reason();
        return {};
    }
    return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

std::optional<identifier> to_identifier(const GENERAL_NAME* name) {
    int kind = 0;
    const void* value = GENERAL_NAME_get0_value(name, &kind);
    if (kind == GEN_DNS) {
        const std::string_view text = contents(static_cast<const ASN1_STRING*>(value));
        if (text.find('\0') != text.npos || text.ends_with('.')) {
            return std::nullopt;
        }
        auto parsed = parse_identifier(text, true);
        // An address written as a dNSName matches no client's address check.
        return parsed && parsed->type == identifier::kind::dns ? std::optional(*parsed) : std::nullopt;
    }
    if (kind == GEN_IPADD) {
        const std::string_view bytes = contents(static_cast<const ASN1_STRING*>(value));
        std::array<char, INET6_ADDRSTRLEN> text{};
        const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
        if ((bytes.size() != 4 && bytes.size() != 16) ||
            inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) {
            return std::nullopt;
        }
        auto parsed = parse_identifier(text.data());
        return parsed ? std::optional(*parsed) : std::nullopt;
    }
    return std::nullopt;
}

/// OpenSSL 3.0 looks through all its decoders for each public key that it meets, which costs ten times as
/// much as all the rest of a certificate. In a library context without providers it finds none, and lets the
/// key be.
OSSL_LIB_CTX* without_decoders() {
    static OSSL_LIB_CTX* const made = [] {
        OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
        // The null provider keeps OpenSSL from loading its default one when none is there.
        require(context != nullptr && OSSL_PROVIDER_load(context, "null") != nullptr,
                "making a library context");
        return context;
    }();
    return made;
}

/// As X509_verify, which would ask the certificate's own library context for the algorithms.
bool signed_with(const certificate& subject, EVP_PKEY* issuer_key) {
    const ASN1_BIT_STRING* signature = nullptr;
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(&signature, &algorithm, subject.native());
    const std::string whole = subject.der();
    const auto outer = der::reader(whole).next(der::sequence);
    const auto signed_part =
        outer ? der::reader(outer->content).next(der::sequence) : std::optional<der::element>();
    if (!signed_part || X509_ALGOR_cmp(algorithm, X509_get0_tbs_sigalg(subject.native())) != 0) {
        return false;
    }
    const asn1_string_handle text = untouched(signed_part->whole);
    return text != nullptr &&
           ASN1_item_verify(sequence_item(), algorithm, signature, text.get(), issuer_key) == 1;
}

} // namespace

result<certificate> certificate::from_der(std::string_view der) {
    return take(X509_new(), der);
}

result<certificate> certificate::leaf_from_der(std::string_view der) {
    return take(X509_new_ex(without_decoders(), nullptr), der);
}

result<certificate> certificate::take(X509* empty, std::string_view der) {
    require(empty != nullptr, "reading a certificate");
    const unsigned char* at = as_bytes(der);
    const bool good = d2i_X509(&empty, &at, static_cast<long>(der.size())) != nullptr;
    const std::shared_ptr<X509> parsed(empty, X509_free);
    if (!good) {
        return fail(errc::parse, "not an X.509 certificate: " + take_openssl_reason());
    }
    if (at != as_bytes(der) + der.size()) {
        return fail(errc::parse, "not an X.509 certificate: something follows it");
    }
    if (!to_wall_time(X509_get0_notBefore(parsed.get())) || !to_wall_time(X509_get0_notAfter(parsed.get()))) {
        take_openssl_reason();
        return fail(errc::parse, "not a usable X.509 certificate: its dates are malformed");
    }
    // Reads the extensions into OpenSSL's cache once.
    if ((X509_get_extension_flags(parsed.get()) & EXFLAG_INVALID) != 0) {
        take_openssl_reason();
        return fail(errc::parse, "not a usable X.509 certificate: its extensions are malformed");
    }
    take_openssl_reason();
    return certificate(parsed);
}

std::string certificate::der() const {
    return encode_der(i2d_X509, native());
}

std::string certificate::pem() const {
    const bio_handle sink(BIO_new(BIO_s_mem()));
    require(sink != nullptr && PEM_write_bio_X509(sink.get(), native()) == 1, "writing a certificate");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(sink.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

// from_der has checked that both can be read.
wall_time certificate::not_before() const {
    return to_wall_time(X509_get0_notBefore(native())).value();
}
wall_time certificate::not_after() const {
    return to_wall_time(X509_get0_notAfter(native())).value();
}

std::string certificate::serial() const {
    const std::string der = encode_der(i2d_ASN1_INTEGER, X509_get0_serialNumber(native()));
    const unsigned char* at = as_bytes(der);
    long size = 0;
    int tag = 0;
    int tag_class = 0;
    ASN1_get_object(&at, &size, &tag, &tag_class, static_cast<long>(der.size()));
    return hex({reinterpret_cast<const char*>(at), static_cast<std::size_t>(size)});
}

std::string certificate::fingerprint() const {
    return hex(sha256(der()));
}

std::string certificate::public_digest() const {
    return sha256(encode_der(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(native())));
}

std::string certificate::subject_common_name() const {
    return common_name(X509_get_subject_name(native()));
}
std::string certificate::issuer_common_name() const {
    return common_name(X509_get_issuer_name(native()));
}

std::string certificate::authority_key_id() const {
    const ASN1_OCTET_STRING* id = X509_get0_authority_key_id(native());
    return id == nullptr ? std::string() : hex(contents(id));
}

bool certificate::is_ca() const {
    return X509_check_ca(native()) != 0;
}

result<std::vector<identifier>> certificate::names() const {
    int found = 0; // -1: missing, -2: more than once
    void* extension = X509_get_ext_d2i(native(), NID_subject_alt_name, &found, nullptr);
    const general_names_handle list(static_cast<GENERAL_NAMES*>(extension));
    if (list == nullptr) {
        take_openssl_reason();
        return fail(errc::corrupted, found == -1 ? "the certificate has no subjectAltName"
                                                 : "the certificate's subjectAltName is malformed");
    }
    std::vector<identifier> names;
    for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
        auto name = to_identifier(sk_GENERAL_NAME_value(list.get(), i));
        if (!name) {
            return fail(errc::corrupted,
                        fmt::format("entry {} of the certificate's subjectAltName is neither a well-formed "
                                    "DNS name nor an IP address",
                                    i + 1));
        }
        names.push_back(std::move(*name));
    }
    if (names.empty()) {
        return fail(errc::corrupted, "the certificate's subjectAltName is empty");
    }
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

std::vector<std::string> certificate::crl_urls() const {
    constexpr std::size_t most = 8;
    constexpr std::size_t longest = 2048;
    const dist_points_handle points(static_cast<CRL_DIST_POINTS*>(
        X509_get_ext_d2i(native(), NID_crl_distribution_points, nullptr, nullptr)));
    take_openssl_reason();
    std::vector<std::string> urls;
    for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
        const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
        const bool full_names = point->distpoint != nullptr && point->distpoint->type == 0;
        if (!full_names || point->CRLissuer != nullptr || point->reasons != nullptr) {
            continue;
        }
        const GENERAL_NAMES* names = point->distpoint->name.fullname;
        for (int j = 0; j < sk_GENERAL_NAME_num(names) && urls.size() < most; ++j) {
            const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, j);
            const std::string_view text =
                name->type == GEN_URI ? contents(name->d.uniformResourceIdentifier) : std::string_view();
            const std::string start = to_lower_ascii(text.substr(0, 8));
            const bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
            if ((start.starts_with("http://") || start == "https://") && visible && text.size() <= longest) {
                urls.emplace_back(text);
            }
        }
    }
    return urls;
}

bool certificate::same_signer(const certificate& other) const {
    if (native() == other.native()) {
        return true;
    }
    X509_ALGOR* algorithms[2] = {};
    X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithms[0], X509_get_X509_PUBKEY(native()));
    X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithms[1], X509_get_X509_PUBKEY(other.native()));
    return X509_NAME_cmp(X509_get_subject_name(native()), X509_get_subject_name(other.native())) == 0 &&
           X509_ALGOR_cmp(algorithms[0], algorithms[1]) == 0 &&
           contents(X509_get0_pubkey_bitstr(native())) == contents(X509_get0_pubkey_bitstr(other.native()));
}

bool certificate::issued_by(const certificate& issuer) const {
    const certificate above = issuer.with_key();
    EVP_PKEY* issuer_key = X509_get0_pubkey(above.native());
    const bool good = issuer_key != nullptr && X509_check_issued(above.native(), native()) == X509_V_OK &&
                      signed_with(*this, issuer_key);
    take_openssl_reason();
    return good;
}

certificate certificate::with_key() const {
    if (X509_get0_pubkey(native()) != nullptr) {
        return *this;
    }
    take_openssl_reason();
    auto anew = from_der(der());
    return anew ? std::move(*anew) : *this;
}

} // namespace evercert::crypto
