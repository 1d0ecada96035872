#pragma once
// Certificates and CAs made for tests, honest and hostile ones. Uses OpenSSL directly, so that product code
// is checked against something that is not itself.
#include "core/base/time.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"
#include "core/model/identifier.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct evp_pkey_st;

namespace evercert::testing {

enum class san_kind { dns, ip, email, uri };

/// What goes into one certificate. `san` bytes are written as they are: 4 or 16 raw bytes for an address.
struct certificate_plan {
    std::string common_name;
    std::vector<std::pair<san_kind, std::string>> san;
    std::optional<std::string>
        raw_san; ///< contents of the subjectAltName extension instead, malformed if wished
    bool san_twice = false;
    wall_time not_before = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
    wall_time not_after = std::chrono::sys_days(std::chrono::year(2090) / 1 / 1);
    std::string serial; ///< big-endian bytes; empty: the authority's next number
    bool ca = false;
    bool crl_sign = true;                      ///< of a CA
    std::vector<std::string> crl_urls;         ///< one distribution point each
    std::optional<std::string> raw_crl_points; ///< contents of that extension instead
};

/// subjectAltName entries for `names`.
std::vector<std::pair<san_kind, std::string>> to_san(const std::vector<identifier>& names);

/// A CA certificate and its key.
class authority {
public:
    static authority make_root(const std::string& common_name, key_type type = key_type::ecdsa_p256);
    /// A CA below this one.
    [[nodiscard]] authority make_intermediate(const std::string& common_name) const;
    /// A certificate of ours for the name and key of `same_as`.
    [[nodiscard]] authority cross_sign(const authority& same_as) const;
    /// A CA below this one, with all else by plan.
    [[nodiscard]] authority make_intermediate(certificate_plan plan) const;

    /// Signs a certificate for `public_key`.
    [[nodiscard]] crypto::certificate issue(evp_pkey_st* public_key, const certificate_plan& plan) const;

    [[nodiscard]] const crypto::certificate& own() const noexcept { return own_; }
    [[nodiscard]] const crypto::key& key() const noexcept { return key_; }

private:
    authority(crypto::key key, crypto::certificate own) : key_(std::move(key)), own_(std::move(own)) {}
    crypto::key key_;
    crypto::certificate own_;
    mutable std::uint32_t next_serial_ = 0x1001;
};

/// What is wrong with the chain a test_ca hands out.
enum class mischief {
    none,
    wrong_key,     ///< another public key than the CSR's
    extra_name,    ///< also "extra.example.net"
    missing_name,  ///< without the last name; no_names if there was one
    no_names,      ///< no subjectAltName at all
    nul_name,      ///< the first name followed by NUL and ".evil.example"
    expired,       ///< notAfter is 1 s after notBefore, both 10 years before the ones asked for
    future,        ///< both dates 10 years after the ones asked for
    is_ca,         ///< CA:TRUE
    shuffled,      ///< harmless: top first
    with_root,     ///< harmless: the root at the end
    unrelated_top, ///< harmless: a CA certificate of somebody else at the end
    broken_link,   ///< an unrelated intermediate in place of the issuing one
    private_key,   ///< a private key block in the middle
    leaf_only,     ///< the intermediates are left out
    with_crl,      ///< harmless: the leaf says where its CRL is
};

/// A root and two intermediates (deepest last). Serial numbers count up from 0x1001.
class test_ca {
public:
    explicit test_ca(const std::string& name = "Test");

    /// The chain as a CA sends it: leaf, then intermediates, as PEM. Throws std::runtime_error if the CSR is
    /// unusable.
    [[nodiscard]] std::string issue_chain_pem(std::string_view csr_der, const std::vector<identifier>& names,
                                              wall_time not_before, wall_time not_after,
                                              mischief what = mischief::none) const;
    /// The same for a key we have.
    [[nodiscard]] std::string issue_chain_pem(const crypto::key& key, const std::vector<identifier>& names,
                                              wall_time not_before, wall_time not_after,
                                              mischief what = mischief::none) const;

    [[nodiscard]] const authority& root() const noexcept { return root_; }
    [[nodiscard]] const authority& upper() const noexcept { return upper_; }
    [[nodiscard]] const authority& issuing() const noexcept { return issuing_; }

private:
    [[nodiscard]] std::string chain_for(evp_pkey_st* public_key, const std::vector<identifier>& names,
                                        wall_time not_before, wall_time not_after, mischief what) const;
    authority root_;
    authority upper_;
    authority issuing_;
};

/// What OpenSSL reads in a PKCS#10 request.
struct csr_facts {
    bool signature_good = false;
    bool subject_empty = false;
    std::vector<identifier> names; ///< sorted
    std::string public_digest;     ///< as crypto::key::public_digest
    std::string signature_name;    ///< "ecdsa-with-SHA256", "sha256WithRSAEncryption", "ED25519" ...
};
/// Throws std::runtime_error if `der` is not one request and nothing else.
csr_facts read_csr(std::string_view der);

} // namespace evercert::testing
