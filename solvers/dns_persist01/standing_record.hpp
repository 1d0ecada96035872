#pragma once
// The TXT record that proves a name for as long as it stands (draft-ietf-acme-dns-persist). Pure.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/issuer_facts.hpp"
#include "core/ports/solver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

/// What is to be proven: one name, for one account at one CA.
struct standing_claim {
    std::string name;      ///< without "*."
    bool wildcard = false; ///< "*." before it, too
    std::string account_url;
    std::string thumbprint;
    std::vector<std::string> issuer_domains; ///< what the CA calls itself, at most 10; foreign text
    std::string account_hash_prefix;         ///< from draft 02 on; foreign text

    explicit standing_claim(const challenge_task& task);
    standing_claim(std::string base_name, bool with_wildcard, const issuer_facts& facts);
};

struct standing_record {
    std::string issuer; ///< the CA's name, lower case
    std::string account_uri;
    bool wildcard = false; ///< "policy=wildcard": also for "*." and names below
    std::optional<wall_time> until;

    friend bool operator==(const standing_record&, const standing_record&) = default;
};

/// "_validation-persist.example.com".
std::string standing_record_name(std::string_view base_name);
/// "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard". The syntax is that of CAA's issue
/// property (RFC 8659 section 4.2), without empty or repeated parameters.
std::string to_text(const standing_record& record);
/// errc::parse says what a CA will not like about it.
result<standing_record> parse_standing_record(std::string_view text);

/// What accounturi has to be: the account's URL, or from draft 02 on (the CA names a prefix for hashes) a
/// hash that binds it to the name and the account's key. `any_name` makes one that serves all names.
std::string account_uri_of(const standing_claim& claim, bool any_name);
/// The record to publish. errc::not_found: there is no account yet; errc::protocol: the CA does not say what
/// it is called there, or says it in a way that cannot stand in a record.
result<standing_record> wanted_record(const standing_claim& claim);
/// For a zone file (RFC 1035 section 5.1), in one line. What came from a CA in it has passed wanted_record.
std::string zone_line(const standing_claim& claim, const standing_record& record);

/// Why this record does not prove the claim, in words that follow "which "; empty if it does.
std::string shortfall(const standing_record& found, const standing_claim& claim, wall_time now);
/// Whether it is meant for this CA.
bool names_issuer(std::string_view issuer, const standing_claim& claim);

} // namespace evercert::solvers
