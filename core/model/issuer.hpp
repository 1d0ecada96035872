#pragma once
#include "core/model/key_type.hpp"
#include "core/model/rate_limits.hpp"

#include <optional>
#include <string>
#include <vector>

namespace evercert {

/// External account binding (RFC 8555 section 7.3.4): the key is read when it is used, from one of two
/// places. It is base64url text, as CAs hand it out.
struct external_account {
    std::string key_id;
    std::string hmac_key_file;
    std::string hmac_key_credential{}; ///< or the name of a systemd credential
    friend bool operator==(const external_account&, const external_account&) = default;
};

/// A CA's ACME directory with our account there.
struct issuer {
    std::string name;
    std::string directory; ///< https URL
    std::string trust;     ///< PEM file of extra roots for the CA's own HTTPS; empty: the system's only
    std::optional<external_account> eab;
    key_type account_key = key_type::ecdsa_p256;
    std::string preferred_chain; ///< common name of the issuer at the chain's top, or SHA-256 of that
                                 ///< certificate; or empty
    std::string profile;         ///< asked for unless the certificate names one; empty: the CA's default
    bool renewal_info = true;    ///< ask the CA when to renew (RFC 9773), where its directory offers it
    rate_limits limits;
    std::vector<std::string> contacts; ///< mail addresses
    bool agree_to_terms = false;

    friend bool operator==(const issuer&, const issuer&) = default;
};

} // namespace evercert
