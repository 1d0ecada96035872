#pragma once

namespace evercert::daemon {

/// Threads of this process that wake up wait for their turn, and do not push others off the processor
/// (SCHED_BATCH): people wait for the servers on this machine, nobody for a certificate. It also spares
/// switching to and fro between our own threads. Before there are threads. A policy that was chosen by
/// whoever started the daemon stays.
void stay_in_the_background() noexcept;

} // namespace evercert::daemon
