#include "core/backends/child_process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <signal.h>
#include <sys/wait.h>

namespace evercert::backends {

using boost::system::error_code;

child_process::child_process(const asio::any_io_executor& executor, spawned child, process_timing timing,
                             std::size_t output_limit)
    : timing_(timing)
    , output_limit_(output_limit)
    , pid_(child.pid)
    , pidfd_(executor)
    , deadline_(executor)
    , done_(executor)
    , output_(executor, outcome_.output)
    , errors_(executor, outcome_.errors) {
    pidfd_.assign(child.pidfd.release());
    output_.file.assign(child.output.release());
    output_.open = true;
    if (child.errors) {
        errors_.file.assign(child.errors.release());
        errors_.open = true;
    }
    done_.expires_at(asio::steady_timer::time_point::max());
}

child_process::~child_process() {
    // Only when the loop was torn down under us: after KILL this returns at once.
    if (!finished_) {
        signal_group(SIGKILL);
        uninterrupted([&] { return ::waitpid(pid_, nullptr, 0); });
    }
}

void child_process::start(milliseconds deadline) {
    deadline_.expires_after(deadline);
    wait_deadline();
    wait_exit();
    read(output_);
    if (errors_.open) {
        read(errors_);
    }
}

void child_process::signal_group(int number) const {
    ::kill(-pid_, number);
}

void child_process::wait_deadline() {
    deadline_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (cancelled || self->finished_) {
            return;
        }
        if (self->exited_) { // the drain is over
            self->finish();
            return;
        }
        self->learn_status();
        if (self->exited_) { // in time, only the news comes after the deadline
            self->on_exit();
            return;
        }
        bool first = !std::exchange(self->outcome_.timed_out, true);
        self->signal_group(first ? SIGTERM : SIGKILL);
        if (first) {
            self->deadline_.expires_after(self->timing_.grace);
            self->wait_deadline();
        }
    });
}

void child_process::wait_exit() {
    pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](error_code ec) {
        if (ec || self->finished_) {
            return;
        }
        self->on_exit();
    });
}

void child_process::on_exit() {
    learn_status();
    if (!exited_) {
        wait_exit();
        return;
    }
    if (!output_.open && !errors_.open) {
        finish();
        return;
    }
    deadline_.expires_after(timing_.drain);
    wait_deadline();
}

/// Looks without reaping: the number stays ours until finish().
void child_process::learn_status() {
    siginfo_t info{};
    int seen = uninterrupted(
        [&] { return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT); });
    if (seen < 0) {
        exited_ = true; // reaped by somebody else (SIGCHLD ignored): how it ended cannot be known
        return;
    }
    if (info.si_pid == 0) {
        return;
    }
    exited_ = true;
    if (info.si_code == CLD_EXITED) {
        outcome_.exit_code = info.si_status;
    } else {
        outcome_.signal = info.si_status;
    }
}

void child_process::read(stream& from) {
    from.file.async_read_some(asio::buffer(from.buffer),
                              [self = shared_from_this(), &from](error_code ec, std::size_t bytes) {
                                  if (self->finished_ || !from.open) {
                                      return;
                                  }
                                  from.into.append(from.buffer.data(), bytes);
                                  self->keep_the_last();
                                  if (!ec) {
                                      self->read(from);
                                      return;
                                  }
                                  from.open = false;
                                  if (self->exited_ && !self->output_.open && !self->errors_.open) {
                                      self->finish();
                                  }
                              });
}

void child_process::keep_the_last() {
    std::string& out = outcome_.output;
    std::string& err = outcome_.errors;
    while (out.size() + err.size() > output_limit_) {
        // Of the longer: a flood on one side does not displace what the other side says.
        std::string& longer = out.size() >= err.size() ? out : err;
        longer.erase(0, std::min(out.size() + err.size() - output_limit_, longer.size()));
    }
}

void child_process::abandon() {
    if (finished_) {
        return;
    }
    signal_group(SIGKILL);
    output_.open = errors_.open = false;
    error_code ignored;
    output_.file.close(ignored);
    errors_.file.close(ignored);
    deadline_.cancel();
    if (exited_) {
        finish();
    }
}

void child_process::finish() {
    finished_ = true;
    signal_group(SIGKILL);
    uninterrupted([&] { return ::waitpid(pid_, nullptr, 0); });
    error_code ignored;
    pidfd_.close(ignored);
    output_.file.close(ignored);
    errors_.file.close(ignored);
    deadline_.cancel();
    done_.cancel();
}

awaitable<bool> child_process::finished() {
    if (!finished_) {
        co_await done_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return finished_;
}

} // namespace evercert::backends
