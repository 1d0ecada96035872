#include "daemon/log/sinks.hpp"

#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "daemon/log/printable.hpp"
#include "systemd/journal.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

/// Bare if it is one plain word, else quoted.
std::string field_value(std::string_view raw) {
    std::string safe = escape(raw, 1000);
    const bool plain =
        !safe.empty() && safe == raw.substr(0, safe.size()) && safe.find_first_of(" =") == std::string::npos;
    return plain ? safe : '"' + safe + '"';
}

class line_sink final : public event_sink {
public:
    using formatter = std::string (*)(const event&, wall_time);
    line_sink(const time_source& time, formatter format, line_writer write)
        : time_(time), format_(format), write_(std::move(write)) {}

    void emit(const event& what) override {
        std::string line = format_(what, time_.now());
        line += '\n';
        write_(line);
    }

private:
    const time_source& time_;
    formatter format_;
    line_writer write_;
};

class journal_sink final : public event_sink {
public:
    journal_sink(std::string identifier, std::unique_ptr<event_sink> fallback)
        : identifier_(std::move(identifier)), fallback_(std::move(fallback)) {}

    void emit(const event& what) override {
        if (!systemd::send_to_journal(what, identifier_) && fallback_) {
            fallback_->emit(what);
        }
    }

private:
    std::string identifier_;
    std::unique_ptr<event_sink> fallback_;
};

} // namespace

std::string text_line(const event& what, wall_time now) {
    std::string line =
        fmt::format("{} {} [{}] ", format_time(now), to_string(what.level), printable(what.id));
    if (!what.certificate.empty()) {
        line += printable(what.certificate, 300);
        line += ": ";
    }
    line += printable(what.message);
    for (const auto& [name, value] : what.fields) {
        line += fmt::format(" {}={}", printable(name, 100), field_value(value));
    }
    return line;
}

std::string json_line(const event& what, wall_time now) {
    json::writer out;
    out.begin_object();
    out.member("time", format_time(now));
    out.member("level", to_string(what.level));
    out.member("event", what.id);
    if (!what.certificate.empty()) {
        out.member("certificate", what.certificate);
    }
    out.member("message", what.message);
    if (!what.fields.empty()) {
        out.key("fields").begin_object();
        for (const auto& [name, value] : what.fields) {
            out.member(name, value);
        }
        out.end_object();
    }
    out.end_object();
    return out.text();
}

std::unique_ptr<event_sink> make_text_sink(const time_source& time, line_writer write) {
    return std::make_unique<line_sink>(time, text_line, std::move(write));
}

std::unique_ptr<event_sink> make_json_sink(const time_source& time, line_writer write) {
    return std::make_unique<line_sink>(time, json_line, std::move(write));
}

std::unique_ptr<event_sink> make_journal_sink(std::string identifier, std::unique_ptr<event_sink> fallback) {
    return std::make_unique<journal_sink>(std::move(identifier), std::move(fallback));
}

} // namespace evercert::daemon
