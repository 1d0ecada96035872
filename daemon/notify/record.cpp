// notify.json: what was told and what is on its way.
#include "core/json/value.hpp"
#include "core/json/writer.hpp"
#include "daemon/notify/audience.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace evercert::daemon {
namespace {

constexpr std::int64_t format = 1;

void write_told(json::writer& out, const audience_record& one) {
    // A list: looking members of an object up one by one would take long for very many.
    out.key("told").begin_array();
    for (const auto& [certificate, state] : one.told) {
        out.begin_object();
        out.member("certificate", certificate);
        out.member_bool("failing", state.failing);
        out.member_bool("expiring", state.expiring);
        out.member("since", format_time(state.since));
        out.end_object();
    }
    out.end_array();
}

void write_message(json::writer& out, const message& one) {
    out.begin_object();
    out.member("id", one.id);
    out.member("created", format_time(one.created));
    out.member("subject", one.subject);
    out.member("text", one.text);
    out.member("json", one.json);
    out.member("events", one.events);
    out.member("certificates", one.certificates);
    out.member("total", static_cast<std::int64_t>(one.total));
    out.member("attempts", static_cast<std::int64_t>(one.attempts));
    out.end_object();
}

/// Reads members one after another and keeps the first error.
class reader {
public:
    explicit reader(json::value from) : from_(std::move(from)) {}

    void text(std::string_view name, std::string& out) { keep(from_.string(name), out); }
    void flag(std::string_view name, bool& out) { keep(from_.boolean(name), out); }
    void time(std::string_view name, wall_time& out) {
        std::string written;
        text(name, written);
        if (!first_) {
            keep(parse_rfc3339(written), out);
        }
    }
    template <class Number>
    void number(std::string_view name, Number& out) {
        std::int64_t read = 0;
        keep(from_.integer(name), read);
        out = static_cast<Number>(std::clamp<std::int64_t>(read, 0, 1'000'000'000));
    }
    template <class T>
    [[nodiscard]] result<T> finish(T made) const {
        return first_ ? result<T>(fail(errc::corrupted, first_->message)) : result<T>(std::move(made));
    }

private:
    template <class T>
    void keep(result<T> value, T& out) {
        if (value) {
            out = std::move(*value);
        } else if (!first_) {
            first_ = std::move(value.error());
        }
    }

    json::value from_;
    std::optional<error> first_;
};

result<void> read_told(const json::value& from, audience_record& into) {
    std::string certificate;
    told_state state;
    reader in(from);
    in.text("certificate", certificate);
    in.flag("failing", state.failing);
    in.flag("expiring", state.expiring);
    in.time("since", state.since);
    const auto read = in.finish(state);
    if (!read) {
        return fail(read.error());
    }
    if (!state.blank()) {
        into.told.emplace(std::move(certificate), state);
    }
    return {};
}

result<message> read_message(const json::value& from) {
    message one;
    reader in(from);
    in.text("id", one.id);
    in.time("created", one.created);
    in.text("subject", one.subject);
    in.text("text", one.text);
    in.text("json", one.json);
    in.text("events", one.events);
    in.text("certificates", one.certificates);
    in.number("total", one.total);
    in.number("attempts", one.attempts);
    // The id goes into headers.
    const bool plain =
        one.id.size() == 32 && one.id.find_first_not_of("0123456789abcdef") == std::string::npos;
    return plain ? in.finish(std::move(one))
                 : result<message>(fail(errc::corrupted, "a message has an id that is none of ours"));
}

result<audience_record> read_audience(const json::value& from) {
    audience_record one;
    reader in(from);
    in.text("name", one.name);
    const auto unheard = from.optional_boolean("unheard"); // older records have none
    one.unheard = unheard && unheard->value_or(false);
    auto made = in.finish(std::move(one));
    const auto told = from.array("told");
    const auto queue = from.array("queue");
    if (!made || !told || !queue) {
        return fail(errc::corrupted, "an audience lacks its name, what it was told or its queue");
    }
    for (const json::value& item : *told) {
        if (auto each = read_told(item, *made); !each) {
            return fail(each.error());
        }
    }
    for (const json::value& item : *queue) {
        auto each = read_message(item);
        if (!each) {
            return fail(each.error());
        }
        made->queue.push_back(std::move(*each));
    }
    return made;
}

} // namespace

std::string to_json(const std::vector<audience_record>& all) {
    json::writer out;
    out.begin_object();
    out.member("format", format);
    out.key("audiences").begin_array();
    for (const audience_record& one : all) {
        out.begin_object();
        out.member("name", one.name);
        out.member_bool("unheard", one.unheard);
        write_told(out, one);
        out.key("queue").begin_array();
        for (const message& each : one.queue) {
            write_message(out, each);
        }
        out.end_array();
        out.end_object();
    }
    out.end_array();
    out.end_object();
    return out.text();
}

result<std::vector<audience_record>> audiences_from_json(std::string_view text) {
    const auto document = json::parse(text, longest_record);
    if (!document || !document->is_object()) {
        return fail(errc::corrupted, "it is no JSON object");
    }
    const auto known = document->integer("format");
    if (!known || *known < 1) {
        return fail(errc::corrupted, "it has no format number");
    }
    if (*known > format) {
        return fail(errc::unsupported, fmt::format("its format {} is newer than this program", *known));
    }
    const auto list = document->array("audiences");
    if (!list) {
        return fail(errc::corrupted, list.error().message);
    }
    std::vector<audience_record> all;
    for (const json::value& item : *list) {
        auto one = read_audience(item);
        if (!one) {
            return fail(one.error());
        }
        all.push_back(std::move(*one));
    }
    return all;
}

} // namespace evercert::daemon
