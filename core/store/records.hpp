#pragma once
// What is remembered between runs. The files decide, not the record: a missing or garbled record is rebuilt.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/key_type.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::storage {

/// A leaf on disk, as far as deciding needs it. Names of the CA's making are foreign text.
struct leaf_facts {
    key_type key = key_type::ecdsa_p256;
    std::string fingerprint;  ///< SHA-256 of the certificate, lower-case hex
    std::string serial;       ///< lower-case hex
    std::string key_digest;   ///< hex of the public key's digest
    std::string issuer_name;  ///< the CA's common name
    std::string authority_id; ///< authority key identifier, lower-case hex, or empty
    std::string crl_url;      ///< of its first CRL distribution point, or empty
    wall_time not_before;
    wall_time not_after;

    friend bool operator==(const leaf_facts&, const leaf_facts&) = default;
};

/// A stored version: one leaf for each key type, in the order of stored_version::pairs.
struct version_facts {
    unsigned number = 0;
    std::string names; ///< sorted, comma-joined
    std::vector<leaf_facts> leaves;
    /// Read back a moment ago, not to be checked again before it goes live; not recorded.
    bool just_staged = false;

    [[nodiscard]] const leaf_facts& first() const { return leaves.front(); }
    [[nodiscard]] wall_time not_before() const; ///< of the leaf that begins last
    [[nodiscard]] wall_time not_after() const;  ///< of the leaf that ends first

    friend bool operator==(const version_facts&, const version_facts&) = default;
};

/// An order under way, one for each key type.
struct order_record {
    key_type key = key_type::ecdsa_p256;
    std::string issuer;
    std::string url;        ///< empty until the CA has accepted it
    std::string names;      ///< as version_facts::names
    std::string key_digest; ///< hex, of the pending key its CSR uses
    std::string profile;
    unsigned after = 0; ///< newest version when it was begun: a later one with its key came of it
    wall_time spent{};  ///< `when` of what it took from the limits, unset if it took nothing

    friend bool operator==(const order_record&, const order_record&) = default;
};

/// What one issuer's failures mean for the next try there. Gone after a success.
struct issuer_trouble {
    std::string issuer;
    unsigned failures = 0; ///< in a row
    wall_time first_failure;
    wall_time last_failure;
    std::string problem_class; ///< "later", "daily" ... of the last failure
    std::string problem;       ///< one line for people: cause and mend
    wall_time not_before;      ///< nothing is tried there before this
    wall_time
        issuer_rests_until{}; ///< it concerned the issuer as a whole, which no certificate asks before this

    friend bool operator==(const issuer_trouble&, const issuer_trouble&) = default;
};

/// When a CA wants a leaf renewed (RFC 9773), and the moment drawn inside its window.
struct renewal_info_record {
    std::string fingerprint; ///< of the leaf
    wall_time start;
    wall_time end;
    wall_time moment;
    std::string explanation_url; ///< foreign text

    friend bool operator==(const renewal_info_record&, const renewal_info_record&) = default;
};

/// An order that counts against the issuer's published limits.
struct spent_order_record {
    std::string issuer;
    wall_time when;
    std::string kind;                 ///< "fresh", "same_set", "ari"
    std::string set;                  ///< digest of the names; empty once nothing was issued for it
    std::vector<std::string> domains; ///< likewise

    friend bool operator==(const spent_order_record&, const spent_order_record&) = default;
};

/// A failed validation that counts against the issuer's published limits.
struct failed_validation_record {
    std::string issuer;
    wall_time when;
    std::string name;

    friend bool operator==(const failed_validation_record&, const failed_validation_record&) = default;
};

/// A revocation that was asked for and not confirmed by the CA yet.
struct revocation_wish {
    std::string fingerprint; ///< of the leaf of `version`
    unsigned version = 0;
    std::string issuer;
    std::optional<int> reason; ///< RFC 5280 code
    wall_time asked;
    unsigned failures = 0;
    wall_time not_before; ///< the CA is not asked before this

    friend bool operator==(const revocation_wish&, const revocation_wish&) = default;
};

/// jobs/<name>.json: where a managed certificate stands.
struct job_record {
    std::string issuer;  ///< that issued the newest version; empty if not known
    std::string profile; ///< it was asked for with
    std::optional<version_facts>
        live; ///< what was live when this was written: saves reading certificates at start

    std::vector<order_record> orders;
    std::vector<issuer_trouble> troubles;
    std::string
        attempted; ///< the entry as configured at the last failure: another one is tried without waiting

    // When the live certificate is to be renewed: drawn once for a leaf, kept over restarts.
    std::string renew_for;             ///< fingerprint of that leaf
    std::optional<wall_time> renew_at; ///< by the share of its lifetime
    std::vector<renewal_info_record> renewal_info;
    unsigned early_renewals = 0; ///< in a row, that the CA's window forced on a leaf still young
    std::string renew_reason; ///< why it is due whatever its dates say: "asked for by an operator", or empty

    std::vector<spent_order_record> spent;
    std::vector<failed_validation_record> failed_validations;

    // Deploying has its own retries.
    unsigned deploying = 0; ///< version that must be made live and deployed, 0 if none
    unsigned deploy_failures = 0;
    std::optional<wall_time> deploy_not_before;
    std::string deploy_problem;
    std::string deployed; ///< fingerprint last seen deployed

    std::optional<wall_time> last_success;
    std::vector<std::string>
        revoked; ///< fingerprints known to be revoked: never deployed, never switched back to
    std::vector<std::string> barred_keys; ///< digests of keys that are never used again
    std::optional<revocation_wish> revoking;

    [[nodiscard]] unsigned failures() const noexcept; ///< in a row, at all issuers
    [[nodiscard]] const issuer_trouble* latest_trouble() const noexcept;
    /// Null while nothing has failed there since the last success.
    [[nodiscard]] const issuer_trouble* trouble_at(std::string_view where) const noexcept;
    [[nodiscard]] bool is_revoked(std::string_view fingerprint) const noexcept;

    friend bool operator==(const job_record&, const job_record&) = default;
};

/// accounts/<issuer>/account.json; the key lies beside it.
struct account_record {
    std::string directory;    ///< the account is of no use at another CA
    std::string url;          ///< empty: key made, registration not confirmed
    std::string contacts;     ///< comma-joined, as last sent
    bool deactivated = false; ///< by an operator: nothing is asked until the configuration says otherwise

    friend bool operator==(const account_record&, const account_record&) = default;
};

// JSON with "format": 2; format 1 is read too. Parsing errors are errc::corrupted; an unknown newer format is
// errc::unsupported.
std::string to_json(const job_record& record);
result<job_record> job_from_json(std::string_view text);
std::string to_json(const account_record& record);
result<account_record> account_from_json(std::string_view text);

} // namespace evercert::storage
