#pragma once
// CRLs made for tests: honest ones by OpenSSL, hostile ones byte by byte.
#include "core/base/time.hpp"
#include "tests/support/test_pki.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evercert::testing {

/// A moment of November 2026, where the fake clock begins at the 21st.
inline wall_time november(unsigned day, unsigned hour = 0) {
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / std::chrono::day(day)) +
           std::chrono::hours(hour);
}

struct crl_plan {
    struct entry {
        std::string serial; ///< as crypto::certificate::serial
        std::optional<int> reason;
        wall_time when = november(19, 5) + seconds(7);
    };
    std::vector<entry> entries;
    wall_time this_update = november(20);
    std::optional<wall_time> next_update = november(29);
    std::optional<unsigned> number;
    /// In OpenSSL's words: {"issuingDistributionPoint", "critical,fullname:URI:http://crl.example/1"}.
    std::vector<std::pair<std::string, std::string>> extensions;
    bool pss = false; ///< RSA keys only
};

/// DER, signed by `by`.
std::string make_crl(const authority& by, const crl_plan& plan);

/// One DER element.
std::string tlv(unsigned char tag, std::string_view content);
/// The AlgorithmIdentifier of ECDSA with SHA-256.
std::string ecdsa_sha256();
/// The subject of `by`, as a Name.
std::string name_of(const authority& by);
/// CertificateList with this TBSCertList, signed well by `by`, which has an ECDSA key.
std::string sign_crl(const authority& by, std::string_view signed_part);

} // namespace evercert::testing
