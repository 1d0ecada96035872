#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/notify/notice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace evercert::daemon {
namespace {

using config::news;

constexpr std::size_t lines_for_chat = 10;
constexpr std::size_t longest_reason_for_chat = 300;

struct words {
    std::string_view one;
    std::string_view many;
};

words words_of(news what) {
    switch (what) {
    case news::revoked:
        return {"was revoked", "were revoked"};
    case news::failing:
        return {"is failing", "are failing"};
    case news::expiring:
        return {"expires soon and is not renewed", "expire soon and are not renewed"};
    case news::recovered:
        return {"is well again", "are well again"};
    case news::renewed:
        return {"has a new certificate", "have new certificates"};
    }
    return {"is failing", "are failing"};
}

std::string subject_of(const digest& what) {
    if (what.test) {
        return "a test message";
    }
    if (what.total() == 1 && !what.notices.empty()) {
        return fmt::format("{} {}", what.notices.front().certificate,
                           words_of(what.notices.front().what).one);
    }
    if (what.counts.size() == 1) {
        const auto& [kind, number] = *what.counts.begin();
        return fmt::format("{} certificates {}", number, words_of(kind).many);
    }
    std::vector<std::string> parts;
    for (const auto& [kind, number] : what.counts) {
        parts.push_back(fmt::format("{} {}", number, to_string(kind)));
    }
    return "certificates: " + join(parts, ", ");
}

/// One line, for chats.
std::string chat_line(const notice& one, wall_time now) {
    std::string line = fmt::format("{} {}", one.certificate, words_of(one.what).one);
    if (!one.happened.empty()) {
        line += ": " + cut(one.happened, longest_reason_for_chat);
    }
    if (one.expires) {
        line += fmt::format(" (expires {})", relative(*one.expires, now));
    }
    return line;
}

std::string test_text(const std::string& host) {
    return fmt::format("This is a test message of evercertd on {}: notifications arrive here.", host);
}

std::string chat_text(const digest& what, const std::string& host, wall_time now) {
    if (what.test) {
        return test_text(host);
    }
    std::string text = fmt::format("evercert on {}: {}", host, subject_of(what));
    const std::size_t shown = std::min(what.notices.size(), lines_for_chat);
    for (std::size_t i = 0; i < shown; ++i) {
        text += "\n" + chat_line(what.notices[i], now);
    }
    if (what.total() > shown) {
        text += fmt::format("\n... and {} more", what.total() - shown);
    }
    return text;
}

std::string dated(wall_time when, wall_time now) {
    return fmt::format("{} ({})", format_time(when), relative(when, now));
}

void add_paragraph(std::string& text, const notice& one, wall_time now) {
    text += fmt::format("{} {}", one.certificate, words_of(one.what).one);
    if (one.since) {
        text += one.what == news::recovered ? ", after trouble since " : ", since ";
        text += format_time(*one.since);
    }
    if (one.failures > 0) {
        text += fmt::format(" ({} failure{} in a row)", one.failures, one.failures == 1 ? "" : "s");
    }
    text += "\n";
    const auto line = [&text](std::string_view what, const std::string& told) {
        if (!told.empty()) {
            text += fmt::format("    {:<10} {}\n", what, told);
        }
    };
    line("names:", join(one.names, ", "));
    line("issuer:", one.issuer);
    line("what:", one.happened);
    line("to do:", one.mend);
    line("next try:", one.next_try ? dated(*one.next_try, now) : "");
    line("expires:", one.expires ? dated(*one.expires, now) : "");
    text += "\n";
}

std::string full_text(const digest& what, const std::string& id, const std::string& host, wall_time now) {
    std::string text;
    if (what.test) {
        text = test_text(host) + "\n\n";
    }
    for (const notice& one : what.notices) {
        add_paragraph(text, one, now);
    }
    if (what.total() > what.notices.size()) {
        text += fmt::format("... and {} more; 'evercert status' lists all.\n\n",
                            what.total() - what.notices.size());
    }
    if (what.held_since) {
        text += fmt::format("This message was held back; what it tells has come together since {}.\n\n",
                            format_time(*what.held_since));
    }
    return text + fmt::format("-- \nevercertd on {}, {}, message {}\n", host, format_time(now), id);
}

void write_notice(json::writer& out, const notice& one) {
    const auto when = [&out](std::string_view name, const std::optional<wall_time>& moment) {
        out.key(name);
        if (moment) {
            out.string(format_time(*moment));
        } else {
            out.null();
        }
    };
    out.begin_object();
    out.member("event", to_string(one.what));
    out.member("certificate", one.certificate);
    out.member("names", one.names);
    out.member("issuer", one.issuer);
    out.member("class", one.problem_class);
    out.member("failures", static_cast<std::int64_t>(one.failures));
    out.member("cause", one.happened);
    out.member("mend", one.mend);
    when("since", one.since);
    when("expires", one.expires);
    when("next_try", one.next_try);
    out.end_object();
}

std::string json_of(const digest& what, const message& made, const std::string& host) {
    json::writer out;
    out.begin_object();
    out.member("version", 1);
    out.member("id", made.id);
    out.member("time", format_time(made.created));
    out.member("host", host);
    out.member_bool("test", what.test);
    out.member("text", chat_text(what, host, made.created));
    out.key("counts").begin_object();
    for (const auto& [kind, number] : what.counts) {
        out.member(to_string(kind), static_cast<std::int64_t>(number));
    }
    out.end_object();
    out.member("not_listed", static_cast<std::int64_t>(what.total() - what.notices.size()));
    out.key("held_since");
    if (what.held_since) {
        out.string(format_time(*what.held_since));
    } else {
        out.null();
    }
    out.key("notices").begin_array();
    for (const notice& one : what.notices) {
        write_notice(out, one);
    }
    out.end_array();
    out.end_object();
    return out.text();
}

} // namespace

std::size_t digest::total() const noexcept {
    std::size_t sum = 0;
    for (const auto& [kind, number] : counts) {
        sum += number;
    }
    return sum;
}

message compose(const digest& what, std::string id, const std::string& host, wall_time now) {
    message made;
    made.id = std::move(id);
    made.created = now;
    made.test = what.test;
    made.subject = subject_of(what);
    made.total = what.total();
    std::vector<std::string> kinds;
    for (const auto& [kind, number] : what.counts) {
        kinds.emplace_back(to_string(kind));
    }
    made.events = what.test ? "test" : join(kinds, ",");
    std::vector<std::string> names;
    for (const notice& one : what.notices) {
        if (std::ranges::find(names, one.certificate) == names.end()) {
            names.push_back(one.certificate);
        }
    }
    made.certificates = join(names, " ");
    made.text = full_text(what, made.id, host, now);
    made.json = json_of(what, made, host);
    return made;
}

} // namespace evercert::daemon
