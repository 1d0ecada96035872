#pragma once
// One managed certificate inside the engine: its machine and what the scheduler knows of it.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/machine.hpp"
#include "core/lifecycle/resting.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::lifecycle {

class issuer_session;

/// What an entry has only while it is awake: due, failing, or not looked at yet.
struct awake_entry {
    machine_state machine;
    next_step next;
};

struct entry {
    explicit entry(certificate_ptr what) : wanted(std::move(what)) {}

    [[nodiscard]] const std::string& name() const noexcept { return wanted->name; }

    certificate_ptr wanted;
    std::unique_ptr<awake_entry> awake; ///< this or `rest`, or neither before the first look
    std::unique_ptr<resting_facts> rest;
    state phase = state::starting;
    bool running = false;   ///< a coroutine works on it: what comes meanwhile waits in `later`
    bool removed = false;   ///< not configured any more: its coroutine ends after the step under way
    bool inspected = false; ///< its certificates were read since the start, not just its record
    const std::string* unreadable = nullptr; ///< why its files could not be looked at
    std::vector<machine_event> later;
    std::optional<std::uint32_t> seat;     ///< in the schedule
    std::shared_ptr<issuer_session> place; ///< where it was given a place for an order
    wall_time next_check;                  ///< when the CA's renewal information and the CRL are to be asked
};

/// From what is in memory.
certificate_status status_of(const entry& what, const vault& files);
/// From a whole state.
certificate_status status_of(const machine_state& machine, const next_step& next, state phase,
                             const vault& files);

} // namespace evercert::lifecycle
