#pragma once
// When a good certificate is renewed, and what its order then is to the CA: the machine's state against its
// CA's own word (RFC 9773) and our schedule. Pure.
#include "core/lifecycle/machine.hpp"

#include <string>

namespace evercert::lifecycle {

struct due_reason {
    cause why = cause::none;
    std::string text; ///< for people
};

/// The moment: for each leaf the one drawn in the CA's window, no later than latest_renewal() whatever the CA
/// says; without a window the one drawn by its lifetime; the earliest counts. A window in the past is due at
/// once, but a CA that does so again and again to leaves still young is followed ever more slowly. The state
/// has a version and job.renew_at.
wall_time effective_renewal(const machine_state& state);
/// A renewal at `when` beside the CA's window, for people. The CA's word never puts it off until it is too
/// late: `when` may come before the window.
std::string window_reason(wall_time when, wall_time start, wall_time end);
/// What that moment follows from.
due_reason planned_renewal(const machine_state& state);

/// Whether the CA's window for this leaf is open: an order that replaces it is then free of limits at CAs
/// that say so (Let's Encrypt).
bool in_window(const storage::job_record& job, const leaf_facts& leaf, wall_time now);

/// What an order for `key` at `issuer` is to the CA's limits.
order_kind kind_of_order(const machine_state& state, const std::string& issuer, key_type key, wall_time now);

/// The leaf that an order for `key` at `issuer` replaces in the sense of RFC 9773 section 5: from the same
/// issuer, with a name in common; null if there is none.
const leaf_facts* replaced_leaf(const machine_state& state, const std::string& issuer, key_type key);

} // namespace evercert::lifecycle
