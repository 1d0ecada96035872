#include "core/lifecycle/history_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace evercert::lifecycle {
namespace {

/// After so many refusals in a row the disk is left alone for a while.
constexpr unsigned most_refusals = 3;
/// Certificates whose records are written in one go.
constexpr std::size_t most_at_once = 32;

/// Takes the lines of one certificate out.
template <class Lines>
std::vector<typename Lines::value_type> take_lines(Lines& from, const std::string& certificate) {
    const auto mine = std::stable_partition(
        from.begin(), from.end(), [&](const auto& line) { return line.certificate != certificate; });
    std::vector<typename Lines::value_type> taken(std::make_move_iterator(mine),
                                                  std::make_move_iterator(from.end()));
    from.erase(mine, from.end());
    return taken;
}

/// What is on disk, then what was waiting when reading began: a write that ended meanwhile has both.
void append_unwritten(std::vector<std::string>& stored, const std::vector<std::string>& waiting) {
    if (waiting.empty()) {
        return;
    }
    const auto known = std::find(stored.rbegin(), stored.rend(), waiting.front());
    std::size_t both = 0;
    if (known != stored.rend()) {
        auto at = std::prev(known.base());
        while (at != stored.end() && both < waiting.size() && *at == waiting[both]) {
            ++at;
            ++both;
        }
    }
    stored.insert(stored.end(), waiting.begin() + static_cast<std::ptrdiff_t>(both), waiting.end());
}

} // namespace

history_sink::history_sink(asio::any_io_executor executor, event_sink& next, storage::repository& files,
                           worker_pool& workers, time_source& time, history_limits limits)
    : next_(next)
    , files_(files)
    , workers_(workers)
    , time_(time)
    , limits_(limits)
    , alarm_(time.make_timer())
    , finished_(time.make_timer())
    , tasks_(std::move(executor), [this](const std::string& task, const std::string& what) {
        const event mistake{.id = "internal.exception",
                            .level = severity::error,
                            .certificate = {},
                            .message = fmt::format("unexpected exception in {}: {}", task, what),
                            .fields = {}};
        next_.emit(mistake);
    }) {}

void history_sink::emit(const event& what) {
    next_.emit(what);
    if (!worth_keeping(what)) {
        return;
    }
    history_line line = make_history_line(what, time_.now());
    if (!line.certificate.empty() && !stopped_) {
        wait_for_disk(waiting_line{line.certificate, to_json(line)});
    }
    recent_.push_back(std::move(line));
    if (recent_.size() > limits_.recent) {
        recent_.pop_front();
    }
}

void history_sink::wait_for_disk(waiting_line line) {
    waiting_.push_back(std::move(line));
    drop_oldest();
    if (lingering_ && crowded()) {
        alarm_->cancel();
    }
    if (!running_) {
        running_ = true;
        tasks_.spawn("the activity record", write_all());
    }
}

awaitable<void> history_sink::write_all() {
    struct at_the_end { // however it ends
        history_sink& self;
        ~at_the_end() {
            self.running_ = false;
            self.lingering_ = false;
            self.finished_->cancel();
        }
    };
    const at_the_end end{*this};
    co_await linger();
    unsigned refusals = 0;
    while (!waiting_.empty()) {
        std::vector<addition> batch;
        if (refusals < most_refusals) {
            batch = take_batch();
        }
        if (batch.empty()) {
            if (stopping_) {
                break;
            }
            say_dropped();
            co_await alarm_->wait_until(time_.steady_now() + limits_.retry);
            refused_.clear();
            refusals = 0;
            continue;
        }
        refusals = co_await write(std::move(batch), refusals);
        if (time_.steady_now() >= said_ + limits_.retry) {
            say_dropped();
        }
    }
    refused_.clear();
    in_trouble_.clear();
    say_dropped();
}

/// Gives more of the same a chance to come, so that an issuance is one write or two.
awaitable<void> history_sink::linger() {
    if (stopping_ || crowded()) {
        co_return;
    }
    lingering_ = true;
    co_await alarm_->wait_until(time_.steady_now() + limits_.linger);
    lingering_ = false;
}

/// Tells how many were refused in a row at the end. One piece of work for all: a thread is woken for it.
awaitable<unsigned> history_sink::write(std::vector<addition> batch, unsigned refusals) {
    auto work = [this, &batch, refusals]() -> result<unsigned> {
        unsigned in_a_row = refusals;
        for (addition& each : batch) {
            if (in_a_row == most_refusals) {
                break;
            }
            each.tried = true;
            if (auto written = files_.append_history(each.certificate, each.text); !written) {
                each.refusal = std::move(written.error());
            }
            in_a_row = each.refusal ? in_a_row + 1 : 0;
        }
        return in_a_row;
    };
    const auto in_a_row = co_await workers_.run(work);
    for (const addition& each : batch) {
        if (each.refusal) {
            note_refusal(each.certificate, *each.refusal);
        } else if (each.tried && in_a_row) {
            take_lines(writing_, each.certificate);
            in_trouble_.erase(each.certificate);
        } else if (!in_a_row) {
            note_refusal(each.certificate, in_a_row.error());
        }
    }
    // What was not tried any more is as old as it was.
    waiting_.insert(waiting_.begin(), std::make_move_iterator(writing_.begin()),
                    std::make_move_iterator(writing_.end()));
    writing_.clear();
    drop_oldest();
    co_return in_a_row ? *in_a_row : most_refusals;
}

void history_sink::note_refusal(const std::string& certificate, const error& why) {
    if (in_trouble_.empty()) {
        const event unwritable{
            .id = "history.unwritable",
            .level = severity::warning,
            .certificate = certificate,
            .message = why.within("what happens cannot be recorded, it is tried again and again").text(),
            .fields = {}};
        next_.emit(unwritable);
    }
    in_trouble_.insert(certificate);
    refused_.insert(certificate);
    // Behind all others, but in their own order: one record that cannot be written must not hold up the rest.
    std::vector<waiting_line> newer = take_lines(waiting_, certificate);
    std::ranges::move(take_lines(writing_, certificate), std::back_inserter(waiting_));
    std::ranges::move(newer, std::back_inserter(waiting_));
    drop_oldest();
}

void history_sink::drop_oldest() {
    while (waiting_.size() > limits_.waiting) {
        waiting_.pop_front();
        ++dropped_;
    }
}

/// Those whose lines have waited longest; empty if all that waits was refused.
std::vector<history_sink::addition> history_sink::take_batch() {
    std::vector<addition> batch;
    std::map<std::string, std::size_t, std::less<>> places;
    std::deque<waiting_line> others;
    for (waiting_line& line : waiting_) {
        auto place = places.find(line.certificate);
        if (place == places.end() && batch.size() < most_at_once && !refused_.contains(line.certificate)) {
            place = places.emplace(line.certificate, batch.size()).first;
            batch.emplace_back().certificate = line.certificate;
        }
        if (place == places.end()) {
            others.push_back(std::move(line));
            continue;
        }
        batch[place->second].text.append(line.text).push_back('\n');
        writing_.push_back(std::move(line));
    }
    waiting_ = std::move(others);
    return batch;
}

void history_sink::say_dropped() {
    if (dropped_ == 0) {
        return;
    }
    const event lost{.id = "history.dropped",
                     .level = severity::warning,
                     .certificate = {},
                     .message =
                         fmt::format("{} of the activity record {} lost: the disk did not take them in time",
                                     dropped_ == 1 ? "1 line" : fmt::format("{} lines", dropped_),
                                     dropped_ == 1 ? "is" : "are"),
                     .fields = {{"lines", fmt::format("{}", dropped_)}}};
    dropped_ = 0;
    said_ = time_.steady_now();
    next_.emit(lost);
}

awaitable<result<std::vector<history_line>>> history_sink::of(std::string certificate) {
    std::vector<std::string> unwritten;
    const auto note = [&](const waiting_line& line) {
        if (line.certificate == certificate) {
            unwritten.push_back(line.text);
        }
    };
    std::ranges::for_each(writing_, note);
    std::ranges::for_each(waiting_, note);
    auto work = [this, &certificate] { return files_.read_history(certificate); };
    auto stored = co_await workers_.run(work);
    if (!stored) {
        co_return fail(stored.error());
    }
    append_unwritten(*stored, unwritten);
    std::vector<history_line> lines;
    lines.reserve(stored->size());
    for (const std::string& text : *stored) {
        if (auto line = history_line_from_json(certificate, text)) {
            lines.push_back(std::move(*line));
        }
    }
    co_return lines;
}

awaitable<void> history_sink::stop(milliseconds patience) {
    stopping_ = true;
    alarm_->cancel();
    const steady_time end = time_.steady_now() + patience;
    while (running_ && time_.steady_now() < end) {
        co_await finished_->wait_until(end);
    }
    stopped_ = true;
    tasks_.cancel();
    co_await tasks_.join();
    dropped_ += writing_.size() + waiting_.size();
    writing_.clear();
    waiting_.clear();
    say_dropped();
}

} // namespace evercert::lifecycle
