#pragma once
// What orders took from their issuers' limits, as a job record remembers it. Pure.
#include "core/lifecycle/rate_ledger.hpp"
#include "core/store/records.hpp"

#include <string>

namespace evercert::lifecycle {

/// What the order for `key` at `issuer` took from the issuer's limits; null if it took nothing that is kept.
storage::spent_order_record* spent_for(storage::job_record& job, const std::string& issuer, key_type key);
/// As records have it, and back.
storage::spent_order_record to_record(const std::string& issuer, const spent_order& spent);
spent_order from_record(const storage::spent_order_record& record);

} // namespace evercert::lifecycle
