#include "daemon/status/frame.hpp"

#include "core/base/text.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/lifecycle/problem_text.hpp"
#include "daemon/control/names.hpp"
#include "daemon/control/table.hpp"
#include "daemon/status/style.hpp"
#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon::status {
namespace {

/// As a sentence begins; a name that begins it stays as it is written.
std::string sentence(std::string text) {
    const std::string_view first = std::string_view(text).substr(0, text.find(' '));
    if (!text.empty() && first.find_first_of(".-:/0123456789") == std::string_view::npos &&
        text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text;
}

void add_head(markup& to, const frame& about) {
    to.open("head");
    to.single("meta", {{"charset", "utf-8"}});
    to.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    to.single("meta", {{"name", "robots"}, {"content", "noindex"}});
    if (about.refresh) {
        to.single("meta", {{"http-equiv", "refresh"}, {"content", "60"}});
    }
    to.element("title", about.title);
    to.raw("<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
           "viewBox='0 0 16 "
           "16'%3E%3Cpath d='M8 1l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V3z' fill='%2317693a'/%3E%3C/svg%3E\">");
    to.raw("<style>").raw(style_text).raw("</style>");
    to.close();
}

void add_top(markup& to, const frame& about, const daemon_facts& daemon, wall_time now) {
    to.raw("<a class=\"skip\" href=\"#main\">Skip to the content</a>");
    to.open("header", {{"class", "top"}});
    to.element("a", {{"class", "brand"}, {"href", "/"}}, "evercert");
    to.open("span", {{"class", "soft small"}});
    to.text(fmt::format("{}, up for {}; as of ", daemon.version, length_in_words(now - daemon.started)));
    add_time(to, now, date_and_time(now));
    to.close();
    to.open("nav", {{"aria-label", "This page"}, {"class", "small"}});
    to.element("a", {{"href", about.address}}, "Refresh");
    if (!about.other_address.empty()) {
        to.element("a", {{"href", about.other_address}},
                   about.refresh ? "Stop refreshing" : "Refresh every minute");
    }
    to.close();
    to.close();
}

void add_foot(markup& to, const daemon_facts& daemon, wall_time now) {
    to.open("footer");
    to.open("p").text("The configuration in force was loaded ");
    add_time(to, daemon.configured, in_words(daemon.configured, now));
    to.text(daemon.configuration_refused
                ? "; a newer one was refused, because it has mistakes: 'evercert check' shows them."
                : ".");
    to.close();
    if (!daemon.listeners.empty()) {
        to.element("p", {}, "Listening on " + join(daemon.listeners, ", ") + ".");
    }
    to.open("p");
    to.element("a", {{"href", "/metrics"}}, "Metrics").text(" for Prometheus. ");
    to.element("a", {{"href", "/healthz?verbose"}}, "Health").text(" for load balancers. ");
    to.text("This page only shows; to steer, use the ").element("code", "evercert").text(" command.");
    to.close();
    to.close();
}

} // namespace

const std::string& content_policy() {
    static const std::string policy = fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'",
        crypto::base64(crypto::sha256(style_text)));
    return policy;
}

std::string in_frame(const frame& about, const daemon_facts& daemon, wall_time now,
                     const std::function<void(markup&)>& content) {
    markup out;
    out.raw("<!DOCTYPE html>");
    out.open("html", {{"lang", "en"}});
    add_head(out, about);
    out.open("body").open("div", {{"class", "page"}});
    add_top(out, about, daemon, now);
    out.open("main", {{"id", "main"}});
    content(out);
    out.close();
    add_foot(out, daemon, now);
    return out.take();
}

void add_mark(markup& to, health how) {
    const bool bad = needs_attention(how);
    const bool busy = how == health::working || how == health::missing;
    to.open("span", {{"class", bad ? "mark bad" : busy ? "mark busy" : "mark good"}});
    if (bad) {
        to.raw("<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"M6 1.5v5.5M6 10.4v.1\"/></svg>");
    } else if (busy) {
        to.raw("<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"M10.5 6A4.5 4.5 0 1 1 6 1.5M6 "
               "1.5h3\"/></svg>");
    } else {
        to.raw("<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"M2 6.5l2.7 2.7L10 3.5\"/></svg>");
    }
    to.text(words_for(how));
    to.close();
}

void add_troubles(markup& to, const explanation& why, wall_time now, std::size_t most, std::size_t length) {
    const auto shown = [length](const std::string& text) { return length == 0 ? text : cut(text, length); };
    for (std::size_t i = 0; i < std::min(most, why.troubles.size()); ++i) {
        const explained_trouble& each = why.troubles[i];
        std::string about = sentence(each.subject);
        if (each.failures > 1) {
            about += fmt::format(", {} times in a row", each.failures);
        }
        if (each.last_failure) {
            about += ", last tried " + in_words(*each.last_failure, now);
        }
        to.open("div", {{"class", "why"}});
        to.element("p", {{"class", "small"}}, about);
        to.open("p").element("b", "What happened").text(sentence(shown(each.happened))).close();
        to.open("p").element("b", "What to do").text(sentence(shown(each.mend))).close();
        for (const std::string& link : each.links) {
            to.open("p", {{"class", "small"}}).text("The CA explains: ");
            to.element("a", {{"href", link}, {"rel", "noreferrer nofollow"}}, link).close();
        }
        to.close();
    }
    if (why.troubles.size() > most) {
        to.element("p", {{"class", "next"}}, "and " + counted(why.troubles.size() - most, "other trouble"));
    }
}

void add_next(markup& to, const lifecycle::certificate_status& one, const explanation& why, wall_time now) {
    to.open("p", {{"class", "next soft"}}).text("Next: ");
    if (one.next_run) {
        to.text(std::string(words_for(one.next_cause)) + " ");
        add_time(to, *one.next_run, *one.next_run <= now ? "now" : in_words(*one.next_run, now));
        const std::string because = lifecycle::take_apart(one.next_reason).happened;
        to.text(because.empty() ? "" : fmt::format(" ({})", cut(because, 200)));
    } else {
        to.text(why.next);
    }
    to.close();
}

std::string_view words_for(lifecycle::cause why) noexcept {
    using lifecycle::cause;
    switch (why) {
    case cause::first:
        return "first order";
    case cause::configured:
        return "new order";
    case cause::asked:
    case cause::lifetime:
        return "renewal";
    case cause::renewal_info:
        return "renewal, by the CA";
    case cause::revoked:
    case cause::expired:
        return "replacement";
    case cause::retry:
        return "retry";
    case cause::hold:
        return "held back until";
    case cause::deployment:
        return "deployment";
    case cause::none:
        break;
    }
    return "look";
}

void add_history(markup& to, const std::vector<lifecycle::history_line>& newest_last, std::size_t most,
                 bool of_all, wall_time now) {
    to.open("ol", {{"class", "sheet log"}});
    std::size_t told = 0;
    for (auto line = newest_last.rbegin(); line != newest_last.rend() && told < most; ++line, ++told) {
        to.open("li");
        to.element("time", {{"datetime", format_time(line->time)}, {"title", date_and_time(line->time)}},
                   in_words(line->time, now));
        to.open("div");
        if (line->level >= severity::warning) {
            to.element("b", line->level == severity::error ? "Error: " : "Warning: ");
        }
        if (of_all && !line->certificate.empty()) {
            if (is_plain_name(line->certificate)) {
                to.element("a", {{"href", address_of(line->certificate)}}, line->certificate).text(": ");
            } else {
                to.text(line->certificate + ": ");
            }
        }
        to.text(line->message);
        to.close().close();
    }
    to.close();
}

std::string address_of(const std::string& certificate) {
    return "/certificate/" + certificate;
}

std::string missing_page(const daemon_facts& daemon, wall_time now) {
    frame about;
    about.title = "Not here - evercert";
    about.address = "/";
    return in_frame(about, daemon, now, [](markup& to) {
        to.open("div", {{"class", "lead"}});
        to.element("h1", "There is nothing here");
        to.open("p").text("A certificate may have been taken out of the configuration. ");
        to.element("a", {{"href", "/"}}, "All certificates").close().close();
    });
}

} // namespace evercert::daemon::status
