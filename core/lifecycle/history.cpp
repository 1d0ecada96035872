#include "core/lifecycle/history.hpp"

#include "core/json/value.hpp"
#include "core/json/writer.hpp"

#include <algorithm>
#include <array>

namespace evercert::lifecycle {
namespace {

constexpr std::size_t longest_message = 4000;
constexpr std::size_t longest_value = 600;
constexpr std::size_t most_fields = 16;
constexpr std::size_t longest_line = 64 * 1024;

/// What is worth keeping when it went well; trouble always is. A trailing dot stands for all that begin so.
constexpr std::array<std::string_view, 11> kept{"cert.",
                                                "deploy.",
                                                "control.",
                                                "account.",
                                                "issuer.",
                                                "config.",
                                                "daemon.",
                                                "listener.",
                                                "acme.account_",
                                                "acme.order_",
                                                "acme.replaces_dropped"};

std::string cut(const std::string& text, std::size_t limit) {
    return text.size() <= limit ? text : text.substr(0, limit) + "...";
}

std::optional<severity> parse_severity(std::string_view word) {
    for (const severity level : {severity::debug, severity::info, severity::warning, severity::error}) {
        if (to_string(level) == word) {
            return level;
        }
    }
    return std::nullopt;
}

} // namespace

bool worth_keeping(const event& what) noexcept {
    if (what.level != severity::info) {
        return what.level > severity::info;
    }
    return std::ranges::any_of(kept, [&](std::string_view prefix) { return what.id.starts_with(prefix); });
}

history_line make_history_line(const event& what, wall_time now) {
    history_line line;
    line.time = std::chrono::floor<seconds>(now);
    line.certificate = what.certificate;
    line.event = what.id;
    line.level = what.level;
    line.message = cut(what.message, longest_message);
    for (const auto& [name, value] : what.fields) {
        if (line.fields.size() == most_fields) {
            break;
        }
        // JSON with the same name twice is not read again.
        const bool repeated =
            std::ranges::any_of(line.fields, [&](const auto& field) { return field.first == name; });
        if (!repeated) {
            line.fields.emplace_back(name, cut(value, longest_value));
        }
    }
    return line;
}

std::string to_json(const history_line& line) {
    json::writer out;
    out.begin_object();
    out.member("time", format_time(line.time));
    out.member("event", line.event);
    out.member("level", to_string(line.level));
    out.member("message", line.message);
    if (!line.fields.empty()) {
        out.key("fields").begin_object();
        for (const auto& [name, value] : line.fields) {
            out.member(name, value);
        }
        out.end_object();
    }
    out.end_object();
    return out.text();
}

std::optional<history_line> history_line_from_json(std::string_view certificate, std::string_view text) {
    const auto object = json::parse(text, longest_line);
    if (!object || !object->is_object()) {
        return std::nullopt;
    }
    const auto time = object->string("time");
    const auto when = time ? parse_rfc3339(*time) : result<wall_time>(fail(time.error()));
    auto id = object->string("event");
    const auto level = object->string("level");
    const auto known = level ? parse_severity(*level) : std::nullopt;
    auto message = object->string("message");
    if (!when || !id || !known || !message) {
        return std::nullopt;
    }
    history_line line{*when, std::string(certificate), std::move(*id), *known, std::move(*message), {}};
    if (const auto fields = object->optional_object("fields"); fields && *fields) {
        for (const std::string& name : (*fields)->member_names()) {
            if (auto value = (*fields)->string(name)) {
                line.fields.emplace_back(name, std::move(*value));
            }
        }
    }
    return line;
}

} // namespace evercert::lifecycle
