#include "daemon/control/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;
using lifecycle::live_certificate;
using lifecycle::state;

constexpr std::array all_states{state::starting, state::waiting,   state::queued,
                                state::ordering, state::deploying, state::failing};

/// What a daemon with 100,000 certificates answers, with room.
constexpr std::size_t longest_answer = 256 * 1024 * 1024;

void write_time(json::writer& out, std::string_view name, const std::optional<wall_time>& when) {
    out.key(name);
    if (when) {
        out.string(format_time(*when));
    } else {
        out.null();
    }
}

void write(json::writer& out, const certificate_status& s) {
    out.begin_object();
    out.member("name", s.name);
    out.member("names", s.names);
    out.member("issuer", s.issuer);
    out.member("challenge", s.challenge);
    out.member("key", s.key);
    out.member("deploy", s.deploy);
    out.member("state", lifecycle::to_string(s.where));
    out.key("live");
    if (s.live) {
        out.begin_object();
        out.member("version", static_cast<std::int64_t>(s.live->version));
        out.member("serial", s.live->serial);
        out.member("fingerprint", s.live->fingerprint);
        out.member("issuer", s.live->issuer);
        out.member("not_before", format_time(s.live->not_before));
        out.member("not_after", format_time(s.live->not_after));
        out.member_bool("revoked", s.live->revoked);
        out.end_object();
    } else {
        out.null();
    }
    write_time(out, "next_run", s.next_run);
    out.member("next_reason", s.next_reason);
    out.member("failures", static_cast<std::int64_t>(s.failures));
    out.member("problem_class", s.problem_class);
    out.member("problem", s.problem);
    write_time(out, "last_failure", s.last_failure);
    write_time(out, "last_success", s.last_success);
    out.member_bool("deployed", s.deployed);
    out.member("deploy_failures", static_cast<std::int64_t>(s.deploy_failures));
    out.member("deploy_problem", s.deploy_problem);
    out.member("order_url", s.order_url);
    out.member("directory", s.directory);
    out.end_object();
}

void begin(json::writer& out) {
    out.begin_object().member("schema", std::int64_t{control_schema});
}

/// Reads members one after another and keeps the first error, so that a record is not a page of ifs.
class reader {
public:
    explicit reader(json::value from) : from_(std::move(from)) {}

    void text(std::string_view name, std::string& out) { keep(from_.string(name), out); }
    void texts(std::string_view name, std::vector<std::string>& out) { keep(from_.strings(name), out); }
    void flag(std::string_view name, bool& out) { keep(from_.boolean(name), out); }
    void number(std::string_view name, unsigned& out) {
        std::int64_t wide = 0;
        keep(from_.integer(name), wide);
        if (wide < 0 || wide > std::numeric_limits<int>::max()) {
            note(error(errc::protocol, fmt::format("{}: out of range", name)));
            return;
        }
        out = static_cast<unsigned>(wide);
    }
    void time(std::string_view name, wall_time& out) {
        std::string written;
        text(name, written);
        if (!failed()) {
            keep(parse_rfc3339(written), out);
        }
    }
    void optional_time(std::string_view name, std::optional<wall_time>& out) {
        std::optional<std::string> written;
        keep(from_.optional_string(name), written);
        if (written && !failed()) {
            wall_time when;
            keep(parse_rfc3339(*written), when);
            out = when;
        }
    }
    template <class T>
    void keep(result<T> value, T& out) {
        if (value) {
            out = std::move(*value);
        } else {
            note(std::move(value.error()));
        }
    }
    void note(error what) {
        if (!first_) {
            first_ = std::move(what);
        }
    }
    [[nodiscard]] bool failed() const { return first_.has_value(); }
    [[nodiscard]] const std::optional<error>& first() const { return first_; }
    [[nodiscard]] const json::value& from() const { return from_; }

private:
    json::value from_;
    std::optional<error> first_;
};

result<state> parse_state(std::string_view text) {
    for (const state s : all_states) {
        if (lifecycle::to_string(s) == text) {
            return s;
        }
    }
    return fail(errc::protocol, "state: not one this client knows", std::string(text));
}

result<certificate_status> read(const json::value& from) {
    certificate_status s;
    reader in(from);
    in.text("name", s.name);
    in.texts("names", s.names);
    in.text("issuer", s.issuer);
    in.text("challenge", s.challenge);
    in.text("key", s.key);
    in.texts("deploy", s.deploy);
    std::string where;
    in.text("state", where);
    if (!in.failed()) {
        in.keep(parse_state(where), s.where);
    }
    std::optional<json::value> live;
    in.keep(from.optional_object("live"), live);
    if (live) {
        live_certificate l;
        reader inner(*live);
        inner.number("version", l.version);
        inner.text("serial", l.serial);
        inner.text("fingerprint", l.fingerprint);
        inner.text("issuer", l.issuer);
        inner.time("not_before", l.not_before);
        inner.time("not_after", l.not_after);
        inner.flag("revoked", l.revoked);
        if (inner.failed()) {
            return fail(inner.first()->within("live"));
        }
        s.live = std::move(l);
    }
    in.optional_time("next_run", s.next_run);
    in.text("next_reason", s.next_reason);
    in.number("failures", s.failures);
    in.text("problem_class", s.problem_class);
    in.text("problem", s.problem);
    in.optional_time("last_failure", s.last_failure);
    in.optional_time("last_success", s.last_success);
    in.flag("deployed", s.deployed);
    in.number("deploy_failures", s.deploy_failures);
    in.text("deploy_problem", s.deploy_problem);
    in.text("order_url", s.order_url);
    in.text("directory", s.directory);
    if (in.failed()) {
        return fail(*in.first());
    }
    return s;
}

result<json::value> open(std::string_view text) {
    auto document = json::parse(text, longest_answer);
    if (!document) {
        return document;
    }
    const auto schema = document->integer("schema");
    if (!schema) {
        return fail(schema.error());
    }
    if (*schema != control_schema) {
        return fail(errc::unsupported,
                    fmt::format("the daemon answers in schema {}, this client knows {}: install the "
                                "same version of both",
                                *schema, control_schema));
    }
    return document;
}

} // namespace

std::string list_to_json(const std::vector<certificate_status>& all) {
    json::writer out;
    begin(out);
    out.key("certificates").begin_array();
    for (const certificate_status& one : all) {
        write(out, one);
    }
    out.end_array().end_object();
    return out.text();
}

std::string certificate_to_json(const certificate_status& one) {
    json::writer out;
    begin(out);
    out.key("certificate");
    write(out, one);
    out.end_object();
    return out.text();
}

std::string status_to_json(const daemon_status& daemon, wall_time now,
                           const std::vector<certificate_status>& all) {
    json::writer out;
    begin(out);
    out.member("version", daemon.version);
    out.member("pid", static_cast<std::int64_t>(daemon.pid));
    out.member("started", format_time(daemon.started));
    out.member("uptime_seconds", std::chrono::floor<seconds>(now - daemon.started).count());
    out.member("listeners", daemon.listeners);
    out.key("certificates").begin_object();
    out.member("total", static_cast<std::int64_t>(all.size()));
    for (const state s : all_states) {
        const auto count =
            std::count_if(all.begin(), all.end(), [s](const auto& one) { return one.where == s; });
        out.member(lifecycle::to_string(s), static_cast<std::int64_t>(count));
    }
    out.end_object().end_object();
    return out.text();
}

std::string message_to_json(std::string_view message) {
    json::writer out;
    begin(out);
    out.member("message", message);
    out.end_object();
    return out.text();
}

std::string error_to_json(const error& what) {
    json::writer out;
    begin(out);
    out.key("error").begin_object();
    out.member("code", to_string(what.code));
    out.member("message", what.text());
    out.end_object().end_object();
    return out.text();
}

result<std::vector<certificate_status>> list_from_json(std::string_view text) {
    const auto document = open(text);
    if (!document) {
        return fail(document.error());
    }
    const auto items = document->array("certificates");
    if (!items) {
        return fail(items.error());
    }
    std::vector<certificate_status> all;
    all.reserve(items->size());
    for (const json::value& item : *items) {
        auto one = read(item);
        if (!one) {
            return fail(one.error().within("certificates"));
        }
        all.push_back(std::move(*one));
    }
    return all;
}

result<certificate_status> certificate_from_json(std::string_view text) {
    const auto document = open(text);
    if (!document) {
        return fail(document.error());
    }
    const auto one = document->object("certificate");
    if (!one) {
        return fail(one.error());
    }
    return read(*one);
}

result<std::string> message_from_json(std::string_view text) {
    const auto document = open(text);
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
