#pragma once
// Internal to core/crypto: a CRL's fields (RFC 5280 section 5.1), read without OpenSSL and without copying.
// What is returned are views into the bytes given.
#include "core/base/error.hpp"
#include "core/crypto/der.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::crypto {

/// errc::parse, saying where.
std::unexpected<error> damaged_crl(std::string_view where);

/// The parts of CertificateList and the head of TBSCertList.
struct crl_frame {
    der::element signed_part;
    der::element algorithm;
    der::element signature;
    der::element issuer;
    der::element this_update;
    std::optional<der::element> next_update;
    std::optional<der::element> entries;
    std::optional<der::element> extensions;
};

/// Errors: parse, and refused for an unknown version. What is not a CRL at all is named as what it looks
/// like.
result<crl_frame> take_apart_crl(std::string_view bytes);

struct crl_facts {
    std::string number;
    std::optional<std::vector<std::string>> scope; ///< URLs of the issuing distribution point
};

/// Of the crlExtensions field. errc::refused for lists that do not speak for all leaves of their issuer, and
/// for critical extensions that are not known here.
result<crl_facts> read_crl_extensions(const der::element& field);

/// An entry of revokedCertificates.
struct crl_entry {
    std::string_view serial; ///< content octets
    std::uint32_t when = 0;  ///< seconds since 1970
    unsigned char reason = 0;
};

/// The contents of revokedCertificates, without removeFromCRL entries. errc::refused for critical entry
/// extensions that are not known here.
result<std::vector<crl_entry>> read_crl_entries(std::string_view content);

} // namespace evercert::crypto
