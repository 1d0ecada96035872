#pragma once
#include "core/base/async.hpp"

#include <vector>

namespace evercert::dns {

/// Runs all of them side by side and returns when the last has ended. Cancelling the caller cancels them, and
/// waits for their end. An exception of one is thrown when all have ended.
awaitable<void> at_once(std::vector<awaitable<void>> tasks);

} // namespace evercert::dns
