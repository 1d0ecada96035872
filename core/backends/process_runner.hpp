#pragma once
#include "core/ports/process_runner.hpp"

#include <memory>

namespace evercert::backends {

/// How patient the runner is with programs that do not end as they should.
struct process_timing {
    milliseconds grace = seconds(2); ///< between TERM and KILL when the deadline has passed
    milliseconds drain =
        milliseconds(250); ///< for output after the program's end, if a child of it holds the pipe open
};

/// posix_spawn and pidfd on the event loop. Whatever is left of a program's process group when the program
/// has ended is killed; a program that wants to outlive it (a server that becomes a daemon) has left the
/// group by setsid.
std::unique_ptr<process_runner> make_process_runner(const asio::any_io_executor& executor,
                                                    process_timing timing = {});

} // namespace evercert::backends
