#pragma once
// What is remembered between runs. The files decide, not the record: a missing or garbled record is rebuilt.
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evercert::storage {

/// jobs/<name>.json: where a managed certificate stands.
struct job_record {
    std::string issuer; ///< that issued the newest version; empty if not known

    // The order under way, if any.
    std::string order_issuer; ///< issuer the order was made at
    std::string order_url;    ///< empty if there is none
    std::string order_names;  ///< comma-joined sorted identifiers the order was made for
    std::string order_key;    ///< hex public digest of the pending key the order's CSR uses

    // Ordering failures; zeroed by success.
    unsigned failures = 0;
    std::optional<wall_time> first_failure;
    std::optional<wall_time> last_failure;
    std::string attempted; ///< digest of the entry as configured then: another one is tried without waiting
    std::string problem_class;           ///< "later", "daily" ... of the last failure
    std::string problem;                 ///< one line for people: cause and mend
    std::optional<wall_time> not_before; ///< nothing is tried before this

    // When the live certificate is to be renewed: drawn once for a leaf, kept over restarts.
    std::string renew_for; ///< fingerprint of that leaf
    std::optional<wall_time> renew_at;
    std::string renew_reason; ///< set when asked for by a person: "asked for by an operator", or empty

    // Deploying has its own retries.
    unsigned deploying = 0; ///< version that must be made live and deployed, 0 if none
    unsigned deploy_failures = 0;
    std::optional<wall_time> deploy_not_before;
    std::string deploy_problem;
    std::string deployed; ///< fingerprint last seen deployed

    std::optional<wall_time> last_success;
    std::string revoked; ///< fingerprint of a leaf we have revoked: never deployed, never switched back to

    friend bool operator==(const job_record&, const job_record&) = default;
};

/// accounts/<issuer>/account.json; the key lies beside it.
struct account_record {
    std::string directory; ///< the account is of no use at another CA
    std::string url;       ///< empty: key made, registration not confirmed
    std::string contacts;  ///< comma-joined, as last sent

    friend bool operator==(const account_record&, const account_record&) = default;
};

// JSON with "format": 1. Parsing errors are errc::corrupted; an unknown newer format is errc::unsupported.
std::string to_json(const job_record& record);
result<job_record> job_from_json(std::string_view text);
std::string to_json(const account_record& record);
result<account_record> account_from_json(std::string_view text);

} // namespace evercert::storage
