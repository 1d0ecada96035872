#pragma once
// Job records as they were written until format 2: one issuer, one key.
#include "core/json/value.hpp"
#include "core/store/records.hpp"

namespace evercert::storage {

/// The order under way gets the key type ecdsa_p256, which format 1 does not tell; who has the key corrects
/// it.
result<job_record> job_from_format1(json::value document);

} // namespace evercert::storage
