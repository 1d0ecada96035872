#pragma once
#include "core/ports/event_sink.hpp"

namespace evercert::daemon {

/// What a process that holds keys does to itself: secure heap, umask 077, no core dumps, no ptrace by others
/// of the same user, SIGPIPE ignored, as many descriptors as the hard limit allows. What cannot be had is
/// said once, and is no failure.
void harden_process(event_sink& events);

} // namespace evercert::daemon
