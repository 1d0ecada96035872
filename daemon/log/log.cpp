#include "daemon/log/log.hpp"

#include "daemon/log/descriptor_writer.hpp"
#include "systemd/journal.hpp"

#include <memory>
#include <unistd.h>

namespace evercert::daemon {
namespace {

severity to_severity(config::log_level level) noexcept {
    switch (level) {
    case config::log_level::debug:
        return severity::debug;
    case config::log_level::info:
        return severity::info;
    case config::log_level::warning:
        return severity::warning;
    case config::log_level::error:
        return severity::error;
    }
    return severity::info;
}

class configured_log final : public log {
public:
    configured_log(const config::log_settings& settings, const time_source& time, log_outlets outlets)
        : time_(time), outlets_(std::move(outlets)) {
        configure(settings);
    }

    void configure(const config::log_settings& settings) override {
        sink_ = std::make_unique<level_filter>(make_sink(settings.format), to_severity(settings.level));
    }
    void emit(const event& what) override { sink_->emit(what); }
    [[nodiscard]] bool reads(severity level) const noexcept override { return sink_->reads(level); }

private:
    [[nodiscard]] std::unique_ptr<event_sink> make_sink(config::log_format format) const {
        if (format == config::log_format::json) {
            return make_json_sink(time_, outlets_.lines);
        }
        auto text = make_text_sink(time_, outlets_.lines);
        if (format == config::log_format::automatic && outlets_.journal) {
            return make_journal_sink(outlets_.identifier, std::move(text));
        }
        return text;
    }

    const time_source& time_;
    log_outlets outlets_;
    std::unique_ptr<event_sink> sink_;
};

} // namespace

log_outlets standard_outlets() {
    log_outlets out;
    // Shared, because a line_writer is copied from sink to sink and the count of dropped lines must not be.
    auto writer = std::make_shared<descriptor_writer>(STDERR_FILENO);
    out.lines = [writer = std::move(writer)](std::string_view line) { (*writer)(line); };
    out.journal = systemd::journal_stream();
    return out;
}

std::unique_ptr<log> make_log(const config::log_settings& settings, const time_source& time,
                              log_outlets outlets) {
    if (!outlets.lines) {
        outlets.lines = standard_outlets().lines;
    }
    return std::make_unique<configured_log>(settings, time, std::move(outlets));
}

} // namespace evercert::daemon
