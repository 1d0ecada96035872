#pragma once
#include "core/backends/process_runner.hpp"
#include "core/backends/spawn.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>

namespace evercert::backends {

/// One running program from start to reaping, driven by handlers that keep it alive. Ends in this order: the
/// program ends (by itself, by TERM, by KILL), its output is read for a bounded time, what is left of its
/// group is killed, and only then it is reaped, so that its number cannot have become another group's
/// meanwhile.
class child_process : public std::enable_shared_from_this<child_process> {
public:
    child_process(const asio::any_io_executor& executor, spawned child, process_timing timing,
                  std::size_t output_limit);
    ~child_process();
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    void start(milliseconds deadline);
    /// Kills the group at once; no output is waited for.
    void abandon();
    /// Resumes when the program has been reaped; false when the waiting was cancelled before. One waiter at a
    /// time.
    awaitable<bool> finished();
    [[nodiscard]] process_outcome take() { return std::move(outcome_); }

private:
    /// One pipe out of the program.
    struct stream {
        stream(const asio::any_io_executor& executor, std::string& sink) : file(executor), into(sink) {}
        asio::posix::stream_descriptor file;
        std::string& into;
        std::array<char, 16 * 1024> buffer{};
        bool open = false;
    };

    void read(stream& from);
    void keep_the_last(); ///< of what was read: programs say at their end why they failed
    void wait_exit();
    void on_exit();
    void wait_deadline();
    void finish();
    void signal_group(int number) const;
    void learn_status();

    process_timing timing_;
    std::size_t output_limit_;
    pid_t pid_;
    asio::posix::stream_descriptor pidfd_;
    asio::steady_timer deadline_; ///< then the grace, then the drain
    asio::steady_timer done_;     ///< never expires: cancelled when finished
    process_outcome outcome_;
    stream output_;
    stream errors_; ///< closed from the beginning unless stderr was to come apart
    bool exited_ = false;
    bool finished_ = false;
};

} // namespace evercert::backends
