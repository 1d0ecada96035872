#pragma once
// Performs action::order for one certificate: for each key type key, order, proof and chain; then a stored
// version.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/issuer_session.hpp"
#include "core/lifecycle/machine.hpp"

#include <functional>
#include <optional>

namespace evercert::lifecycle {

/// Tells the machine what happened and makes its record durable, where what follows needs that, before it
/// returns.
using teller = std::function<awaitable<result<void>>(machine_event)>;

/// What the engine does for an order. Named variables of this type only (g++ 12).
struct order_hooks {
    teller tell;
    /// Called when the account is ready and before anything is ordered: an event ends it there. May be empty.
    std::function<awaitable<std::optional<machine_event>>()> look_ahead;
};

/// Everything is durable before the request that uses it is sent: the key and what the order takes from the
/// issuer's limits before the order, the order's URL before anything else is asked, the version before the
/// record says so. With several key types, what is finished stays an order of the record until all are:
/// nothing is stored or live by halves. Returns issued, order_failed or held (the limits leave no room),
/// which the caller tells the machine. The state is only read; it must stay where it is until the coroutine
/// ends.
awaitable<machine_event> perform_order(const machine_state& state, issuer_session& session,
                                       solver_choice answers, const engine_parts& parts, order_hooks hooks);

} // namespace evercert::lifecycle
