// What will happen, what has happened, and why.
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"
#include "daemon/control/protocol.hpp"

namespace evercert::daemon {
namespace {

using lifecycle::history_line;
using lifecycle::planned_step;

result<planned_step> read_step(const json::value& from) {
    planned_step step;
    record_reader in(from);
    in.text("certificate", step.certificate);
    in.time("when", step.when);
    read_word(in, "state", parse_state, step.where);
    read_word(in, "cause", parse_cause, step.why);
    in.text("reason", step.reason);
    in.text("issuer", step.issuer);
    std::optional<wall_time> expires;
    in.optional_time("expires", expires);
    step.expires = expires.value_or(wall_time{});
    return in.finish(std::move(step));
}

void write_members(json::writer& out, const history_line& line) {
    out.member("time", format_time(line.time));
    out.member("certificate", line.certificate);
    out.member("event", line.event);
    out.member("level", to_string(line.level));
    out.member("message", line.message);
    out.key("fields").begin_object();
    for (const auto& [name, value] : line.fields) {
        out.member(name, value);
    }
    out.end_object();
}

void write_line(json::writer& out, const history_line& line) {
    out.begin_object();
    write_members(out, line);
    out.end_object();
}

std::optional<severity> parse_severity(std::string_view text) {
    return parse_word(std::array{severity::debug, severity::info, severity::warning, severity::error}, text);
}

result<history_line> read_line(const json::value& from) {
    history_line line;
    record_reader in(from);
    in.time("time", line.time);
    in.text("certificate", line.certificate);
    in.text("event", line.event);
    read_word(in, "level", parse_severity, line.level);
    in.text("message", line.message);
    if (const auto fields = from.object("fields")) {
        for (const std::string& name : fields->member_names()) {
            std::string value;
            in.keep(fields->string(name), value);
            line.fields.emplace_back(name, std::move(value));
        }
    }
    return in.finish(std::move(line));
}

void write_trouble(json::writer& out, const explained_trouble& trouble) {
    out.begin_object();
    out.member("subject", trouble.subject);
    out.member("failures", std::int64_t{trouble.failures});
    write_time(out, "last_failure", trouble.last_failure);
    write_time(out, "not_before", trouble.until);
    out.member("happened", trouble.happened);
    out.member("mend", trouble.mend);
    out.member("links", trouble.links);
    out.end_object();
}

result<explained_trouble> read_trouble(const json::value& from) {
    explained_trouble trouble;
    record_reader in(from);
    in.text("subject", trouble.subject);
    in.number("failures", trouble.failures);
    in.optional_time("last_failure", trouble.last_failure);
    in.optional_time("not_before", trouble.until);
    in.text("happened", trouble.happened);
    in.text("mend", trouble.mend);
    in.texts("links", trouble.links);
    return in.finish(std::move(trouble));
}

result<explanation> read_explanation(const json::value& from) {
    explanation told;
    record_reader in(from);
    in.text("certificate", told.name);
    in.text("state", told.state);
    in.list("troubles", told.troubles, read_trouble);
    in.text("next", told.next);
    in.texts("links", told.links);
    in.list("recent", told.recent, read_line);
    return in.finish(std::move(told));
}

void write_step(json::writer& out, const planned_step& step) {
    out.begin_object();
    out.member("certificate", step.certificate);
    out.member("when", format_time(step.when));
    out.member("state", lifecycle::to_string(step.where));
    out.member("cause", lifecycle::to_string(step.why));
    out.member("reason", step.reason);
    out.member("issuer", step.issuer);
    write_time(out, "expires", step.expires == wall_time{} ? std::nullopt : std::optional(step.expires));
    out.end_object();
}

} // namespace

std::string plan_to_json(const std::vector<planned_step>& plan) {
    json::writer out;
    begin_answer(out);
    write_list(out, "plan", plan, write_step);
    out.end_object();
    return out.text();
}

std::string history_to_json(const std::vector<history_line>& lines) {
    json::writer out;
    begin_answer(out);
    write_list(out, "history", lines, write_line);
    out.end_object();
    return out.text();
}

std::string event_to_json(const history_line& line) {
    json::writer out;
    begin_answer(out);
    write_members(out, line);
    out.end_object();
    return out.text();
}

std::string explanation_to_json(const explanation& told) {
    json::writer out;
    begin_answer(out);
    out.key("explanation").begin_object();
    out.member("certificate", told.name);
    out.member("state", told.state);
    write_list(out, "troubles", told.troubles, write_trouble);
    out.member("next", told.next);
    out.member("links", told.links);
    write_list(out, "recent", told.recent, write_line);
    out.end_object().end_object();
    return out.text();
}

result<std::vector<planned_step>> plan_from_json(std::string_view text) {
    return read_answer_list<planned_step>(text, "plan", read_step);
}

result<std::vector<history_line>> history_from_json(std::string_view text) {
    return read_answer_list<history_line>(text, "history", read_line);
}

result<history_line> event_from_json(std::string_view text) {
    const auto line = open_answer(text);
    return line ? read_line(*line) : fail(line.error());
}

result<explanation> explanation_from_json(std::string_view text) {
    return read_answer<explanation>(text, "explanation", read_explanation);
}

} // namespace evercert::daemon
