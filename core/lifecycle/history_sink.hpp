#pragma once
// Keeps the activity record while events pass through on their way to the log.
#include "core/base/async.hpp"
#include "core/base/task_group.hpp"
#include "core/base/worker_pool.hpp"
#include "core/lifecycle/history.hpp"
#include "core/ports/event_sink.hpp"
#include "core/store/repository.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

struct history_limits {
    std::size_t waiting = 4000;                   ///< lines not on disk yet; beyond it the oldest are dropped
    std::size_t recent = 1000;                    ///< lines of all certificates kept in memory
    milliseconds linger = seconds(5);             ///< lines that come within this are written together
    milliseconds retry = std::chrono::minutes(1); ///< a disk that refused is tried again after this
};

/// Passes every event on at once, keeps the latest in memory, and writes those of a certificate to its record
/// in the background: those of a certificate with one write, many certificates one after another. A failing
/// or slow disk costs lines, never time: "history.unwritable" (warning, once until all is written again) and
/// "history.dropped" (warning, with the number) say so, to the next sink only.
///
/// Loop thread only; what it is given must outlive it. stop() must have ended before it goes, unless no event
/// with a certificate ever came.
class history_sink final : public event_sink {
public:
    history_sink(asio::any_io_executor executor, event_sink& next, storage::repository& files,
                 worker_pool& workers, time_source& time, history_limits limits = {});

    void emit(const event& what) override;
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return may_be_kept(level) || next_.reads(level);
    }

    /// The record of a certificate, newest last, with what is not on disk yet. Empty if there is none; an
    /// error of the store if it cannot be read. The name must be safe as a file's name.
    awaitable<result<std::vector<history_line>>> of(std::string certificate);
    /// The latest of all since the start, newest last.
    [[nodiscard]] std::vector<history_line> recent() const { return {recent_.begin(), recent_.end()}; }

    /// Writes what waits, for at most `patience`; what comes later is only passed on.
    awaitable<void> stop(milliseconds patience);

private:
    struct waiting_line {
        std::string certificate;
        std::string text;
    };

    void wait_for_disk(waiting_line line);
    awaitable<void> write_all();
    awaitable<void> linger();
    /// What a certificate's record is to get.
    struct addition {
        std::string certificate;
        std::string text;
        bool tried = false;
        std::optional<error> refusal;
    };
    awaitable<unsigned> write(std::vector<addition> batch, unsigned refusals);
    [[nodiscard]] std::vector<addition> take_batch();
    void note_refusal(const std::string& certificate, const error& why);
    void drop_oldest();
    void say_dropped();
    [[nodiscard]] bool crowded() const { return waiting_.size() * 4 >= limits_.waiting; }

    event_sink& next_;
    storage::repository& files_;
    worker_pool& workers_;
    time_source& time_;
    history_limits limits_;
    std::deque<history_line> recent_;
    std::deque<waiting_line> waiting_;  ///< in the order in which they are written
    std::vector<waiting_line> writing_; ///< of some certificates
    std::set<std::string> refused_;     ///< in this round: not tried again before the next
    std::set<std::string> in_trouble_;  ///< could not be written when last tried
    std::size_t dropped_ = 0;           ///< not said yet
    steady_time said_{};
    bool running_ = false;
    bool lingering_ = false;
    bool stopping_ = false;
    bool stopped_ = false;
    std::unique_ptr<timer> alarm_;
    std::unique_ptr<timer> finished_;
    task_group tasks_;
};

} // namespace evercert::lifecycle
