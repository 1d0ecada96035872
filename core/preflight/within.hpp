#pragma once
#include "core/base/async.hpp"
#include "core/base/task_group.hpp"
#include "core/base/time.hpp"

#include <functional>

namespace evercert::survey {

/// Calls `begin`, which spawns into `work`, and waits for all of it, but not longer than `patience`: then it
/// is cancelled. When this ends, however that comes, nothing is running: what tasks have put up they have
/// taken down. Rethrows what ended the waiting.
awaitable<void> join_within(task_group& work, time_source& time, milliseconds patience,
                            std::function<void()> begin);

} // namespace evercert::survey
