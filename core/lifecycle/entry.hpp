#pragma once
// One managed certificate inside the engine: its machine and what the scheduler knows of it.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/machine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace evercert::lifecycle {

struct entry {
    machine_state machine;
    next_step next;
    state phase = state::starting;
    bool running = false; ///< a coroutine works on it: what comes meanwhile waits in `later`
    bool removed = false; ///< not configured any more: its coroutine ends after the step under way
    std::vector<machine_event> later;
    std::uint64_t ticket = 0;            ///< of its valid place in the schedule
    std::optional<wall_time> held_until; ///< its issuer is paused
    std::string held_because;
};

certificate_status status_of(const entry& what, const engine_parts& parts);

} // namespace evercert::lifecycle
