#pragma once
// Runs programs outside of this process's sandbox, as transient units of systemd.
#include "core/base/random.hpp"
#include "core/ports/process_runner.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// A program as a unit of its own (systemd-run(1)): it has what the manager gives a service, and not what
/// this process may not do; when it has ended or its deadline has passed, all that it left behind goes with
/// it, even what has left its process group or session. `inner` runs systemd-run and systemctl; a program
/// that is systemctl itself is run by it directly, as that needs no more than the manager's socket.
///
/// Exit codes, signals, deadlines and output are told as by `inner`. Beside TERM and KILL at the deadline,
/// which we keep, systemd keeps one of its own, for when this process goes. Environment values can be seen in
/// the process list. Cancelling stops the unit before it throws. References must outlive the runner.
std::unique_ptr<process_runner> make_unit_runner(process_runner& inner, random_source& random);

/// systemd-run's argv for a program.
std::vector<std::string> unit_argv(const process_request& program, std::string_view unit);

/// What `systemctl show` told of a unit that did not end well.
struct unit_end {
    bool ran = false;
    process_outcome outcome; ///< without output
};
unit_end parse_unit_end(std::string_view properties);

} // namespace evercert::daemon
