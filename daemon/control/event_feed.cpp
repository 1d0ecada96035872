#include "daemon/control/event_feed.hpp"

#include "core/lifecycle/history.hpp"
#include "daemon/control/protocol.hpp"

#include <fmt/format.h>

#include <utility>

namespace evercert::daemon {
namespace {

using lifecycle::history_line;

/// Says something about the stream itself.
history_line own_line(std::string id, severity level, std::string message, wall_time now) {
    return {std::chrono::floor<seconds>(now), {}, std::move(id), level, std::move(message), {}};
}

} // namespace

class event_feed::reader {
public:
    reader(time_source& time, const feed_limits& limits, std::string certificate)
        : certificate_(std::move(certificate)), time_(time), limits_(limits), alarm_(time.make_timer()) {
        append(
            own_line("stream.begun", severity::debug, "what happens from now on is told here", time.now()));
    }

    [[nodiscard]] bool wants(const std::string& certificate) const {
        return certificate_.empty() || certificate_ == certificate;
    }
    void take(const std::string& line) {
        // Whatever comes behind a gap waits for its end, so that the gap is said in its place.
        if (dropped_ > 0 || waiting_.size() + line.size() > limits_.waiting_bytes) {
            ++dropped_;
        } else {
            waiting_ += line;
        }
        alarm_->cancel();
    }
    void close() {
        closed_ = true;
        alarm_->cancel();
    }

    static awaitable<std::string> next(std::shared_ptr<reader> self) {
        if (self->waiting_.empty() && !self->closed_) {
            co_await self->alarm_->wait_until(self->time_.steady_now() + self->limits_.heartbeat);
        }
        if (self->dropped_ > 0) {
            self->say_dropped();
        }
        if (self->waiting_.empty() && !self->closed_) {
            self->append(
                own_line("stream.alive", severity::debug, "nothing has happened", self->time_.now()));
        }
        co_return std::exchange(self->waiting_, {});
    }

private:
    void say_dropped() {
        history_line line = own_line("stream.dropped", severity::warning,
                                     fmt::format("{} event{} not told: they were not read in time", dropped_,
                                                 dropped_ == 1 ? " was" : "s were"),
                                     time_.now());
        line.fields.emplace_back("events", std::to_string(std::exchange(dropped_, 0)));
        append(line);
    }
    void append(const history_line& line) { waiting_ += event_to_json(line) + '\n'; }

    std::string certificate_;
    time_source& time_;
    feed_limits limits_;
    std::unique_ptr<timer> alarm_;
    std::string waiting_;
    std::size_t dropped_ = 0;
    bool closed_ = false;
};

event_feed::event_feed(time_source& time, feed_limits limits) : time_(time), limits_(limits) {}

event_feed::~event_feed() = default;

void event_feed::emit(const event& what) {
    if (readers_.empty() || !lifecycle::worth_keeping(what)) {
        return;
    }
    forget_the_gone();
    const history_line line = lifecycle::make_history_line(what, time_.now());
    const std::string text = event_to_json(line) + '\n';
    for (const auto& each : readers_) {
        if (const auto one = each.lock(); one->wants(line.certificate)) {
            one->take(text);
        }
    }
}

bool event_feed::reads(severity level) const noexcept {
    return !readers_.empty() && lifecycle::may_be_kept(level);
}

result<net::body_source> event_feed::follow(std::string certificate) {
    forget_the_gone();
    if (readers_.size() >= limits_.readers) {
        return fail(errc::busy,
                    fmt::format("{} follow what happens already: no more than that can", readers_.size()));
    }
    const auto made = std::make_shared<reader>(time_, limits_, std::move(certificate));
    if (closed_) {
        made->close();
    }
    readers_.push_back(made);
    return net::body_source([made] { return reader::next(made); });
}

void event_feed::close() {
    closed_ = true;
    for (const auto& each : readers_) {
        if (const auto one = each.lock()) {
            one->close();
        }
    }
}

void event_feed::forget_the_gone() {
    std::erase_if(readers_, [](const auto& each) { return each.expired(); });
}

} // namespace evercert::daemon
