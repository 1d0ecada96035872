#include "core/crypto/crl.hpp"

#include "core/crypto/crl_fields.hpp"
#include "core/crypto/digest.hpp"
#include "core/crypto/handles.hpp"

#include <algorithm>

namespace evercert::crypto {
namespace {

using name_handle = std::unique_ptr<X509_NAME, freed_by<X509_NAME_free>>;
using algorithm_handle = std::unique_ptr<X509_ALGOR, freed_by<X509_ALGOR_free>>;

template <auto Decode>
auto decode(std::string_view whole) {
    const unsigned char* at = as_bytes(whole);
    return Decode(nullptr, &at, static_cast<long>(whole.size()));
}

result<void> check_issuer(const crl_frame& parts, const certificate& issuer) {
    const name_handle name(decode<d2i_X509_NAME>(parts.issuer.whole));
    if (name == nullptr) {
        take_openssl_reason();
        return damaged_crl("the name of its issuer");
    }
    if (X509_NAME_cmp(name.get(), X509_get_subject_name(issuer.native())) != 0) {
        return fail(errc::refused, "the CRL is of another issuer than the certificate");
    }
    // All bits set if the extension is missing.
    if ((X509_get_key_usage(issuer.native()) & KU_CRL_SIGN) == 0) {
        return fail(errc::refused, "the issuer's certificate does not allow it to sign CRLs (keyUsage)");
    }
    return {};
}

result<void> check_signature(const crl_frame& parts, const certificate& issuer) {
    const algorithm_handle algorithm(decode<d2i_X509_ALGOR>(parts.algorithm.whole));
    const asn1_string_handle signature(decode<d2i_ASN1_BIT_STRING>(parts.signature.whole));
    const asn1_string_handle text = untouched(parts.signed_part.whole);
    const certificate with_key = issuer.with_key();
    EVP_PKEY* key = X509_get0_pubkey(with_key.native());
    const bool good =
        algorithm != nullptr && signature != nullptr && text != nullptr && key != nullptr &&
        ASN1_item_verify(sequence_item(), algorithm.get(), signature.get(), text.get(), key) == 1;
    take_openssl_reason();
    if (!good) {
        return fail(errc::refused, "the signature of the CRL is not the issuer's");
    }
    return {};
}

/// What follows a serial number in a shelf: four octets of time, one of reason.
constexpr std::size_t tail_size = 5;

void append(std::string& shelf, const crl_entry& entry) {
    shelf += entry.serial;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        shelf += static_cast<char>(entry.when >> shift & 0xFFU);
    }
    shelf += static_cast<char>(entry.reason);
}

revocation read_tail(std::string_view tail) {
    std::uint32_t when = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        when = when << 8U | static_cast<unsigned char>(tail[i]);
    }
    return {wall_time(seconds(when)), static_cast<unsigned char>(tail[4])};
}

} // namespace

result<crl> crl::parse(std::string_view bytes, const certificate& issuer) {
    if (bytes.size() > size_limit) {
        return fail(errc::too_large, "the CRL is longer than 16 MiB");
    }
    auto parts = take_apart_crl(bytes);
    if (!parts) {
        return fail(std::move(parts.error()));
    }
    if (auto right = check_issuer(*parts, issuer); !right) {
        return fail(std::move(right.error()));
    }
    // Before the rest is read: what is signed comes from somebody we know.
    if (auto good = check_signature(*parts, issuer); !good) {
        return fail(std::move(good.error()));
    }
    crl out;
    const auto this_update = der::read_time(parts->this_update);
    const auto next_update = parts->next_update ? der::read_time(*parts->next_update) : std::nullopt;
    if (!this_update || (parts->next_update && !next_update)) {
        return damaged_crl("its dates");
    }
    out.this_update_ = *this_update;
    out.next_update_ = next_update;
    if (parts->extensions) {
        auto facts = read_crl_extensions(*parts->extensions);
        if (!facts) {
            return fail(std::move(facts.error()));
        }
        out.number_ = std::move(facts->number);
        out.scope_ = std::move(facts->scope);
    }
    auto entries = read_crl_entries(parts->entries ? parts->entries->content : std::string_view());
    if (!entries) {
        return fail(std::move(entries.error()));
    }
    std::ranges::sort(*entries, [](const crl_entry& a, const crl_entry& b) {
        return a.serial.size() != b.serial.size() ? a.serial.size() < b.serial.size() : a.serial < b.serial;
    });
    out.size_ = entries->size();
    for (auto at = entries->begin(); at != entries->end();) {
        const std::size_t size = at->serial.size();
        const auto end =
            std::find_if(at, entries->end(), [size](const crl_entry& e) { return e.serial.size() != size; });
        shelf& made = out.shelves_.emplace_back(size, std::string());
        made.entries.reserve(static_cast<std::size_t>(end - at) * (size + tail_size));
        for (; at != end; ++at) {
            append(made.entries, *at);
        }
    }
    return out;
}

bool crl::covers(std::string_view url) const {
    return !scope_ || std::ranges::find(*scope_, url) != scope_->end();
}

std::optional<revocation> crl::find(std::string_view serial) const {
    const auto octets = unhex(serial);
    if (!octets) {
        return std::nullopt;
    }
    const std::size_t size = octets->size();
    const auto found = std::ranges::find(shelves_, size, &shelf::serial_size);
    if (found == shelves_.end()) {
        return std::nullopt;
    }
    const std::string_view entries = found->entries;
    const std::size_t stride = size + tail_size;
    std::size_t low = 0;
    std::size_t high = entries.size() / stride;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const int order = entries.substr(middle * stride, size).compare(*octets);
        if (order == 0) {
            return read_tail(entries.substr(middle * stride + size, tail_size));
        }
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return std::nullopt;
}

} // namespace evercert::crypto
