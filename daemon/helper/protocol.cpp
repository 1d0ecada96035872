#include "daemon/helper/protocol.hpp"

#include "core/base/text.hpp"
#include "core/json/value.hpp"
#include "core/json/writer.hpp"
#include "core/store/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evercert::daemon {
namespace {

constexpr std::string_view verb = "deploy ";
/// Of one text in a line: with all fields and JSON's escapes it stays below the longest line.
constexpr std::size_t longest_text = 4000;
constexpr std::size_t most_fields = 4;

/// An event's id outlives the event, and so has to be one of ours.
constexpr std::array<std::string_view, 6> known_events = {"deploy.tested",          "deploy.updated",
                                                          "deploy.reloaded",        "deploy.hook_ran",
                                                          "deploy.outputs_written", "deploy.refused"};
constexpr std::string_view other_event = "deploy.helper";

severity severity_named(std::string_view word) {
    for (const severity each : {severity::debug, severity::info, severity::warning}) {
        if (to_string(each) == word) {
            return each;
        }
    }
    return severity::error;
}

errc code_named(std::string_view word) {
    for (int each = 0; each < static_cast<int>(errc::internal); ++each) {
        if (to_string(static_cast<errc>(each)) == word) {
            return static_cast<errc>(each);
        }
    }
    return errc::internal;
}

std::string_view cut(std::string_view text) {
    return text.substr(0, longest_text);
}

result<event> parse_event(const json::value& line, std::string_view id) {
    const auto level = line.string("level");
    auto message = line.string("message");
    auto certificate = line.optional_string("certificate");
    const auto fields = line.optional_object("fields");
    if (!level || !message || !certificate || !fields) {
        return fail(errc::protocol, "an event without level or message");
    }
    event out;
    const auto known = std::ranges::find(known_events, id);
    out.id = known != known_events.end() ? *known : other_event;
    out.level = severity_named(*level);
    out.message = std::move(*message);
    out.certificate = certificate->value_or("");
    if (*fields) {
        for (const std::string& name : (*fields)->member_names()) {
            if (auto value = (*fields)->string(name); value && out.fields.size() < most_fields) {
                out.fields.emplace_back(name, std::move(*value));
            }
        }
    }
    return out;
}

} // namespace

std::string deploy_request(std::string_view certificate) {
    return fmt::format("{}{}\n", verb, certificate);
}

result<std::optional<std::string>> parse_request(std::string_view received) {
    const auto end = received.find('\n');
    if (end == received.npos && received.size() < longest_request) {
        return std::nullopt;
    }
    if (end == received.npos || end >= longest_request) {
        return fail(errc::too_large, fmt::format("the request is longer than {} bytes", longest_request));
    }
    if (end + 1 != received.size()) {
        return fail(errc::protocol, "there is more than one line: a connection is for one request");
    }
    const std::string_view line = received.substr(0, end);
    if (!line.starts_with(verb)) {
        return fail(errc::protocol, "the request is not \"deploy NAME\"", std::string(line));
    }
    const std::string_view name = line.substr(verb.size());
    if (auto safe = storage::check_name(name); !safe) {
        return fail(errc::invalid_argument, safe.error().message);
    }
    return std::string(name);
}

std::string event_line(const event& what) {
    json::writer out;
    out.begin_object();
    out.member("event", what.id);
    out.member("level", to_string(what.level));
    if (!what.certificate.empty()) {
        out.member("certificate", what.certificate);
    }
    out.member("message", cut(what.message));
    out.key("fields").begin_object();
    for (std::size_t i = 0; i < what.fields.size() && i < most_fields; ++i) {
        out.member(cut(what.fields[i].first).substr(0, 100), cut(what.fields[i].second).substr(0, 1000));
    }
    out.end_object().end_object();
    return out.text() + "\n";
}

std::string result_line(const result<void>& outcome) {
    json::writer out;
    out.begin_object();
    out.member("result", outcome ? "ok" : "failed");
    if (!outcome) {
        out.member("code", to_string(outcome.error().code));
        out.member("message", cut(outcome.error().text()));
    }
    out.end_object();
    return out.text() + "\n";
}

result<answer_line> parse_answer(std::string_view line) {
    const auto parsed = json::parse(line, longest_answer_line);
    if (!parsed) {
        return fail(parsed.error());
    }
    const auto id = parsed->optional_string("event");
    if (!id) {
        return fail(id.error());
    }
    if (*id) {
        auto told = parse_event(*parsed, **id);
        if (!told) {
            return fail(told.error());
        }
        return answer_line(std::move(*told));
    }
    const auto word = parsed->string("result");
    if (!word || (*word != "ok" && *word != "failed")) {
        return fail(errc::protocol, "a line that is neither an event nor a result");
    }
    if (*word == "ok") {
        return answer_line(verdict{});
    }
    const auto code = parsed->string("code");
    auto message = parsed->string("message");
    if (!code || !message) {
        return fail(errc::protocol, "a failure without code or message");
    }
    return answer_line(verdict{fail(code_named(*code), std::move(*message))});
}

} // namespace evercert::daemon
