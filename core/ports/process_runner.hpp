#pragma once
// Runs other programs: config tests, reloads, hooks.
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"

#include <string>
#include <utility>
#include <vector>

namespace evercert {

struct process_request {
    std::vector<std::string>
        argv; ///< argv[0] with a slash is a path, else looked up in the fixed PATH of the runner
    std::vector<std::pair<std::string, std::string>>
        environment; ///< besides PATH, LANG and HOME nothing else is passed. May hold secrets: it is wiped
    /// What it finds on its standard input, as a file; empty: /dev/null.
    std::string input;
    milliseconds deadline = seconds(30);
    /// Of stdout and stderr together: so much of the end is kept, where programs say why they failed, and
    /// what was before is dropped.
    std::size_t output_limit = 16 * 1024;
    bool stderr_apart = false; ///< what the program says to stderr comes in `errors`

    process_request() = default;
    explicit process_request(std::vector<std::string> a) : argv(std::move(a)) {}
};

struct process_outcome {
    int exit_code = -1;     ///< -1 unless the program exited by itself
    int signal = 0;         ///< the signal that ended it, or 0
    bool timed_out = false; ///< we ended it (TERM, then KILL to the whole group) because the deadline passed
    std::string output;     ///< stdout and stderr as they came: foreign text
    std::string errors;     ///< stderr alone, if that was asked for: foreign text

    [[nodiscard]] bool ok() const noexcept { return exit_code == 0 && !timed_out; }
    /// "exited with 1", "was killed by signal 9", "did not end within its deadline"
    [[nodiscard]] std::string describe() const;
};

class process_runner {
public:
    virtual ~process_runner() = default;
    /// No shell, clean environment, own process group, stdin null or `input`, no inherited descriptors.
    /// errc::not_found if the program does not exist or may not be run. Cancelling the coroutine ends the
    /// group.
    virtual awaitable<result<process_outcome>> run(process_request request) = 0;
};

} // namespace evercert
