#pragma once
// What malloc keeps for itself, kept small: a daemon at rest is to look like one.
#include "core/base/async.hpp"
#include "core/base/time.hpp"

namespace evercert::daemon {

/// Before there are threads.
void share_memory_between_threads() noexcept;
/// For the daemon's life: gives back to the system what reading many records, a long list or a large reload
/// have left free.
awaitable<void> give_back_memory(time_source& time);

} // namespace evercert::daemon
