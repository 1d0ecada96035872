#pragma once
// Runs only programs that nobody but root can have changed.
#include "core/ports/event_sink.hpp"
#include "core/ports/process_runner.hpp"

#include <functional>
#include <memory>
#include <string>

namespace evercert::daemon {

/// argv[0] to the file that would be run.
using program_finder = std::function<result<std::string>(const std::string&)>;

/// Each program is held to `check_trusted` before `inner` runs it by its whole path. One that fails it is not
/// run: errc::refused and the event deploy.refused. References must outlive the runner.
std::unique_ptr<process_runner> make_trusting_runner(process_runner& inner, program_finder find,
                                                     event_sink& events);

} // namespace evercert::daemon
