// CRLs as whatever sits on the way gives them, and the fields of signed ones as a CA's mistake makes them.
#include "core/crypto/crl.hpp"

#include "core/crypto/certificate.hpp"
#include "core/crypto/crl_fields.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evercert;

namespace {

/// Signed the CRLs of the corpus.
const crypto::certificate& issuer() {
    static const auto chain =
        crypto::parse_pem_chain("-----BEGIN CERTIFICATE-----\n"
                                "MIIBgTCCASigAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxGdXp6IElz\n"
                                "c3VpbmcwIBcNMjAwMTAxMDAwMDAwWhgPMjA5MDAxMDEwMDAwMDBaMBcxFTATBgNV\n"
                                "BAMMDEZ1enogSXNzdWluZzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHmDY8dH\n"
                                "+lHj+WB4XJNxQ+KhlpToR04kwthehqTmA9aLulhoEBKMhnyGtK4tq7wGoJ0/ZwVQ\n"
                                "+9yz2EJzGTC5VhajYzBhMB0GA1UdDgQWBBRHbfY7ESKIohFMWjaBKO0m+CDFCzAf\n"
                                "BgNVHSMEGDAWgBRHbfY7ESKIohFMWjaBKO0m+CDFCzAPBgNVHRMBAf8EBTADAQH/\n"
                                "MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNHADBEAiBtzB+6gE3mZVg/lZWu\n"
                                "TgwRgct9WpRdN3Imhw/v41ZTDwIgb9h4S98TSh2EHUZu1YFWKjXyZ4Ug4rAOl3Pr\n"
                                "3r9FlK4=\n"
                                "-----END CERTIFICATE-----\n");
    return chain.value().front();
}

void fail_unless(bool good) {
    if (!good) {
        std::abort();
    }
}

void read_parts(std::string_view text) {
    if (const auto parts = crypto::take_apart_crl(text)) {
        fail_unless(parts->issuer.whole.data() > text.data() &&
                    parts->signature.whole.data() + parts->signature.whole.size() <=
                        text.data() + text.size());
        // Past the signature, which would keep the fuzzer out.
        if (parts->extensions) {
            (void)crypto::read_crl_extensions(*parts->extensions);
        }
        if (parts->entries) {
            (void)crypto::read_crl_entries(parts->entries->content);
        }
    }
    if (const auto entries = crypto::read_crl_entries(text)) {
        for (const auto& entry : *entries) {
            fail_unless(!entry.serial.empty() && entry.reason <= 10 && entry.reason != 7 &&
                        entry.reason != 8);
        }
    }
    crypto::der::element field;
    field.content = text;
    (void)crypto::read_crl_extensions(field);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto list = crypto::crl::parse(text, issuer())) {
        // Nothing but what the issuer signed gets here.
        fail_unless(list->size() == 0 || list->find("1001").has_value());
        (void)list->covers("http://c.example/12.crl");
    }
    read_parts(text);
    if (const auto leaf = crypto::certificate::from_der(text)) {
        for (const auto& url : leaf->crl_urls()) {
            fail_unless(url.size() <= 2048 &&
                        std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F; }));
        }
        (void)leaf->same_signer(issuer());
    }
    return 0;
}
