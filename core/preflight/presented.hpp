#pragma once
// Internal to core/preflight: a challenge of our own, put up for as long as it is looked at.
#include "core/preflight/inquiry.hpp"

#include <functional>

namespace evercert::survey {

/// "evercert-look-..." and chance, 43 characters like a CA's; its key authorization with the account's
/// thumbprint, or with a random one as long as there is no account.
challenge_task make_task(const inquiry& in, const identifier& name);

/// Presents the task, runs `then` and cleans up, however it ends: cancellation waits for that. If presenting
/// fails, the solver's error comes back and `then` is not run.
awaitable<result<void>> with_presented(solver& by, challenge_task task,
                                       std::function<awaitable<void>()> then);

} // namespace evercert::survey
