#pragma once
// Where events go on their way out of the process.
#include "core/base/time.hpp"
#include "core/ports/event_sink.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

/// Takes one finished line, its "\n" included.
using line_writer = std::function<void(std::string_view line)>;

/// "2026-11-21T23:33:40Z info [cert.issued] example: message key=value key="two words"". Without a
/// certificate that part is left out. Everything is escaped: one event is one line.
std::string text_line(const event& what, wall_time now);
/// {"time","level","event","certificate","message","fields":{...}}, certificate and fields only if there are
/// any.
std::string json_line(const event& what, wall_time now);

// `time` must outlive the sink.
std::unique_ptr<event_sink> make_text_sink(const time_source& time, line_writer write);
std::unique_ptr<event_sink> make_json_sink(const time_source& time, line_writer write);
/// Native journal fields; what the journal does not take goes to `fallback`, if there is one.
std::unique_ptr<event_sink> make_journal_sink(std::string identifier, std::unique_ptr<event_sink> fallback);

/// Hands on what is at least `least`.
class level_filter final : public event_sink {
public:
    level_filter(std::unique_ptr<event_sink> inner, severity least)
        : inner_(std::move(inner)), least_(least) {}
    void emit(const event& what) override {
        if (what.level >= least_) {
            inner_->emit(what);
        }
    }
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return level >= least_ && inner_->reads(level);
    }

private:
    std::unique_ptr<event_sink> inner_;
    severity least_;
};

/// Hands on to each of several sinks, in the order added. They must outlive it.
class fan_out final : public event_sink {
public:
    void add(event_sink& sink) { sinks_.push_back(&sink); }
    void emit(const event& what) override {
        for (event_sink* const sink : sinks_) {
            sink->emit(what);
        }
    }
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return std::ranges::any_of(sinks_, [&](const event_sink* sink) { return sink->reads(level); });
    }

private:
    std::vector<event_sink*> sinks_;
};

} // namespace evercert::daemon
