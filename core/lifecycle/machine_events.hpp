#pragma once
// The machine's inside: how events change its state, and what its decisions share with that.
#include "core/lifecycle/machine.hpp"

#include <string>
#include <string_view>

namespace evercert::lifecycle {

/// Changes the state as `happened` says; decides nothing.
void take_in(machine_state& state, machine_event happened, wall_time now, random_source& random);

/// The version that counts: what is on its way to be live, else what is live; null if there is none.
const version_facts* subject_of(const machine_state& state);

/// The files decide: orders whose keys lie on disk with the version's leaves are done, whatever the record
/// says. False without orders.
bool orders_are_done(const storage::job_record& job, const version_facts& version);

/// A remembered moment, unless the clock that made it was wrong: nothing we schedule lies further ahead than
/// our longest backoff. Never before `now`.
wall_time believable(const std::optional<wall_time>& when, wall_time now);

/// The class of a trouble that is only the time a CA takes.
inline constexpr std::string_view slow_class = "slow";

/// "1 failure", "3 failures".
std::string count_of(unsigned number, std::string_view thing);

} // namespace evercert::lifecycle
