#pragma once
// The directory object (RFC 8555 section 7.1.1).
#include "core/base/error.hpp"
#include "core/json/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

/// URLs have passed accept_url. Unknown members are ignored: some CAs add random ones on purpose.
struct directory {
    std::string new_nonce;
    std::string new_account;
    std::string new_order;
    std::string revoke_cert;           ///< may be empty
    std::string key_change;            ///< may be empty
    std::string renewal_info;          ///< may be empty
    std::string terms_of_service;      ///< foreign text, for people; may be empty
    std::vector<std::string> profiles; ///< names, foreign text
    bool external_account_required = false;
    std::vector<std::string> caa_identities; ///< what CAA records call this CA; foreign text
    std::string account_hash_prefix;         ///< dns-persist-01 from draft 02 on; foreign text, may be empty
    /// What dns-persist-01 records call this CA, from draft 02 on (before it: caa_identities); foreign text.
    std::vector<std::string> issuer_domains;

    [[nodiscard]] bool lists_profile(std::string_view name) const;
};

/// errc::protocol when one of the three URLs that everything needs is missing or not acceptable. The others
/// become empty then, and what is wrong in `meta` counts as missing.
result<directory> parse_directory(const json::value& object, std::string_view directory_url);

} // namespace evercert::acme
