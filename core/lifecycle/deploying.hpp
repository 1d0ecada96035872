#pragma once
// Performs action::deploy for one certificate: live link, servers, and back if they do not take it.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/machine.hpp"
#include "core/lifecycle/ordering.hpp"

namespace evercert::lifecycle {

/// Makes `state.staged` live and has it deployed. When that fails and the version that was live before is
/// still good (not expired, not revoked), the link is switched back and the servers are reloaded once more.
/// Tells made_live on the way; returns deployed or deployment_failed, which the caller tells the machine.
awaitable<machine_event> perform_deployment(const machine_state& state, const engine_parts& parts,
                                            teller tell);

} // namespace evercert::lifecycle
