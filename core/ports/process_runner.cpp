#include "core/ports/process_runner.hpp"

#include <fmt/format.h>

namespace evercert {

std::string process_outcome::describe() const {
    if (timed_out) {
        return "did not end within its deadline";
    }
    if (signal != 0) {
        return fmt::format("was killed by signal {}", signal);
    }
    return fmt::format("exited with {}", exit_code);
}

} // namespace evercert
