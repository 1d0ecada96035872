// Certificates, the daemon itself, messages and errors.
#include "daemon/control/protocol.hpp"

#include "config/units.hpp"
#include "daemon/control/json_record.hpp"
#include "daemon/control/json_words.hpp"

#include <algorithm>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;
using lifecycle::issuer_state;
using lifecycle::live_certificate;
using lifecycle::renewal_window_state;

void write_live(json::writer& out, const live_certificate& live) {
    out.begin_object();
    out.member("version", std::int64_t{live.version});
    out.member("key", evercert::to_string(live.key));
    out.member("serial", live.serial);
    out.member("fingerprint", live.fingerprint);
    out.member("issuer", live.issuer);
    out.member("not_before", format_time(live.not_before));
    out.member("not_after", format_time(live.not_after));
    out.member_bool("revoked", live.revoked);
    out.end_object();
}

void write_trouble(json::writer& out, const issuer_state& at) {
    out.begin_object();
    out.member("issuer", at.name);
    out.member("failures", std::int64_t{at.failures});
    out.member("problem_class", at.problem_class);
    out.member("problem", at.problem);
    write_time(out, "last_failure", at.last_failure);
    write_time(out, "not_before", at.not_before);
    out.member("held_because", at.held_because);
    out.end_object();
}

void write_window(json::writer& out, const renewal_window_state& window) {
    out.begin_object();
    out.member("start", format_time(window.start));
    out.member("end", format_time(window.end));
    out.member("moment", format_time(window.moment));
    out.member("explanation_url", window.explanation_url);
    out.end_object();
}

void write_output(json::writer& out, const certificate_output& output) {
    std::vector<std::string> formats;
    for (const output_format format : output.formats) {
        formats.emplace_back(evercert::to_string(format));
    }
    out.begin_object();
    out.member("directory", output.directory);
    out.member("formats", formats);
    out.member("owner", output.owner);
    out.member("group", output.group);
    out.member("mode", output.mode ? fmt::format("{:04o}", *output.mode) : std::string());
    out.end_object();
}

void write_certificate(json::writer& out, const certificate_status& s) {
    out.begin_object();
    out.member("name", s.name);
    out.member("names", s.names);
    out.member("issuer", s.issuer);
    out.member("issuers", s.issuers);
    out.member("challenge", s.challenge);
    out.member("keys", s.keys);
    out.member("profile", s.profile);
    out.member_bool("reuse_key", s.reuse_key);
    write_list(out, "outputs", s.outputs, write_output);
    out.member("deploy", s.deploy);
    out.member("state", lifecycle::to_string(s.where));
    write_optional(out, "live", s.live, write_live);
    write_list(out, "other_keys", s.other_keys, write_live);
    write_time(out, "next_run", s.next_run);
    out.member("next_cause", lifecycle::to_string(s.next_cause));
    out.member("next_reason", s.next_reason);
    out.member("failures", std::int64_t{s.failures});
    out.member("problem_class", s.problem_class);
    out.member("problem", s.problem);
    write_time(out, "last_failure", s.last_failure);
    write_time(out, "last_success", s.last_success);
    write_list(out, "troubles", s.at, write_trouble);
    out.member_bool("deployed", s.deployed);
    out.member("deploy_failures", std::int64_t{s.deploy_failures});
    out.member("deploy_problem", s.deploy_problem);
    write_optional(out, "renewal_window", s.window, write_window);
    out.member_bool("revoking", s.revoking);
    out.member("crl_problem", s.crl_problem);
    out.member("record_problem", s.record_problem);
    out.member("order_url", s.order_url);
    out.member("directory", s.directory);
    out.end_object();
}

result<live_certificate> read_live(const json::value& from) {
    live_certificate live;
    record_reader in(from);
    in.number("version", live.version);
    read_word(in, "key", parse_key_type, live.key);
    in.text("serial", live.serial);
    in.text("fingerprint", live.fingerprint);
    in.text("issuer", live.issuer);
    in.time("not_before", live.not_before);
    in.time("not_after", live.not_after);
    in.flag("revoked", live.revoked);
    return in.finish(std::move(live));
}

result<issuer_state> read_trouble(const json::value& from) {
    issuer_state at;
    record_reader in(from);
    in.text("issuer", at.name);
    in.number("failures", at.failures);
    in.text("problem_class", at.problem_class);
    in.text("problem", at.problem);
    in.optional_time("last_failure", at.last_failure);
    in.optional_time("not_before", at.not_before);
    in.text("held_because", at.held_because);
    return in.finish(std::move(at));
}

result<renewal_window_state> read_window(const json::value& from) {
    renewal_window_state window;
    record_reader in(from);
    in.time("start", window.start);
    in.time("end", window.end);
    in.time("moment", window.moment);
    in.text("explanation_url", window.explanation_url);
    return in.finish(std::move(window));
}

result<certificate_output> read_output(const json::value& from) {
    certificate_output output;
    std::vector<std::string> formats;
    std::string mode;
    record_reader in(from);
    in.text("directory", output.directory);
    in.texts("formats", formats);
    in.text("owner", output.owner);
    in.text("group", output.group);
    in.text("mode", mode);
    for (const std::string& word : formats) {
        if (const auto format = parse_output_format(word)) {
            output.formats.push_back(*format);
        } else {
            in.note(error(errc::protocol, "formats: not one this client knows", word));
        }
    }
    if (!mode.empty()) {
        output.mode = config::parse_file_mode(mode);
    }
    return in.finish(std::move(output));
}

result<certificate_status> read_certificate(const json::value& from) {
    certificate_status s;
    record_reader in(from);
    in.text("name", s.name);
    in.texts("names", s.names);
    in.text("issuer", s.issuer);
    in.texts("issuers", s.issuers);
    in.text("challenge", s.challenge);
    in.texts("keys", s.keys);
    in.text("profile", s.profile);
    in.flag("reuse_key", s.reuse_key);
    in.list("outputs", s.outputs, read_output);
    in.texts("deploy", s.deploy);
    read_word(in, "state", parse_state, s.where);
    in.optional_record("live", s.live, read_live);
    in.list("other_keys", s.other_keys, read_live);
    in.optional_time("next_run", s.next_run);
    read_word(in, "next_cause", parse_cause, s.next_cause);
    in.text("next_reason", s.next_reason);
    in.number("failures", s.failures);
    in.text("problem_class", s.problem_class);
    in.text("problem", s.problem);
    in.optional_time("last_failure", s.last_failure);
    in.optional_time("last_success", s.last_success);
    in.list("troubles", s.at, read_trouble);
    in.flag("deployed", s.deployed);
    in.number("deploy_failures", s.deploy_failures);
    in.text("deploy_problem", s.deploy_problem);
    in.optional_record("renewal_window", s.window, read_window);
    in.flag("revoking", s.revoking);
    in.text("crl_problem", s.crl_problem);
    in.text("record_problem", s.record_problem);
    in.text("order_url", s.order_url);
    in.text("directory", s.directory);
    return in.finish(std::move(s));
}

} // namespace

std::string page_to_json(const certificate_page& page, std::string_view status) {
    json::writer out;
    begin_answer(out);
    write_list(out, "certificates", page.certificates, write_certificate);
    out.member_bool("more", page.more);
    if (!status.empty()) {
        out.key("daemon").raw(status);
    }
    out.end_object();
    return out.text();
}

std::string certificate_to_json(const certificate_status& one) {
    json::writer out;
    begin_answer(out);
    out.key("certificate");
    write_certificate(out, one);
    out.end_object();
    return out.text();
}

std::string message_to_json(std::string_view message) {
    json::writer out;
    begin_answer(out);
    out.member("message", message);
    out.end_object();
    return out.text();
}

std::string error_to_json(const error& what) {
    json::writer out;
    begin_answer(out);
    out.key("error").begin_object();
    out.member("code", to_string(what.code));
    out.member("message", what.text());
    out.end_object().end_object();
    return out.text();
}

result<certificate_page> page_from_json(std::string_view text) {
    const auto document = open_answer(text);
    if (!document) {
        return fail(document.error());
    }
    certificate_page page;
    record_reader in(*document);
    in.list("certificates", page.certificates, read_certificate);
    in.flag("more", page.more);
    return in.finish(std::move(page));
}

result<certificate_status> certificate_from_json(std::string_view text) {
    return read_answer<certificate_status>(text, "certificate", read_certificate);
}

result<std::string> message_from_json(std::string_view text) {
    const auto document = open_answer(text);
    if (!document) {
        return fail(document.error());
    }
    return document->string("message");
}

std::optional<std::string> error_message_from_json(std::string_view text) {
    const auto document = json::parse(text);
    if (!document) {
        return std::nullopt;
    }
    const auto what = document->object("error");
    if (!what) {
        return std::nullopt;
    }
    auto message = what->string("message");
    return message ? std::optional<std::string>(std::move(*message)) : std::nullopt;
}

} // namespace evercert::daemon
