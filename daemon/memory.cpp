#include "daemon/memory.hpp"

#include <malloc.h>

namespace evercert::daemon {
namespace {

/// The loop's and the workers': with an arena for each thread, as glibc would have it, each keeps pieces of
/// its own.
constexpr int arenas = 1;
constexpr milliseconds pace = std::chrono::seconds(20);

} // namespace

void share_memory_between_threads() noexcept {
    ::mallopt(M_ARENA_MAX, arenas);
}

awaitable<void> give_back_memory(time_source& time) {
    for (;;) {
        co_await sleep_for(time, pace);
        ::malloc_trim(0);
    }
}

} // namespace evercert::daemon
