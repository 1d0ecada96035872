#pragma once
// The TXT record that proves a name for as long as it stands (draft-ietf-acme-dns-persist). Pure.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ports/solver.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::solvers {

struct standing_record {
    std::string issuer; ///< the CA's name, lower case
    std::string account_uri;
    bool wildcard = false; ///< "policy=wildcard": also for "*." and names below
    std::optional<wall_time> until;

    friend bool operator==(const standing_record&, const standing_record&) = default;
};

/// "_validation-persist.example.com".
std::string standing_record_name(const identifier& name);
/// "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard". The syntax is that of CAA's issue
/// property (RFC 8659 section 4.2), without empty or repeated parameters.
std::string to_text(const standing_record& record);
/// errc::parse says what a CA will not like about it.
result<standing_record> parse_standing_record(std::string_view text);

/// What accounturi has to be: the account's URL, or from draft 02 on (the CA names a prefix for hashes) a
/// hash that binds it to the name and the account's key. `any_name` makes one that serves all names.
std::string account_uri_of(const challenge_task& task, bool any_name);
/// The record to publish for a challenge.
standing_record wanted_record(const challenge_task& task);

/// Why this record does not prove the challenge; empty if it does.
std::string shortfall(const standing_record& found, const challenge_task& task, wall_time now);

} // namespace evercert::solvers
