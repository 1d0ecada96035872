#include "core/base/text.hpp"
#include "core/lifecycle/problem_text.hpp"
#include "daemon/status/frame.hpp"
#include "daemon/status/timeline.hpp"
#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon::status {
namespace {

using lifecycle::certificate_status;
using lifecycle::live_certificate;

constexpr std::size_t most_names = 200;
constexpr std::size_t most_history = 100;

/// Rows of a <dl>; empty ones are left out.
class details {
public:
    explicit details(markup& to) : to_(to) { to_.open("dl", {{"class", "sheet facts"}}); }
    ~details() { to_.close(); }
    details(const details&) = delete;
    details& operator=(const details&) = delete;

    void add(std::string_view term, std::string_view text, bool code = false) {
        if (!text.empty()) {
            to_.open("div").element("dt", term).element("dd", {{"class", "code", code}}, text).close();
        }
    }
    void add(std::string_view term, const std::optional<wall_time>& when, wall_time now) {
        if (when) {
            to_.open("div").element("dt", term).open("dd");
            add_moment(to_, *when, now);
            to_.close().close();
        }
    }

private:
    markup& to_;
};

void add_life(markup& to, const portrait& what) {
    if (!what.one.live) {
        return;
    }
    const live_certificate& live = *what.one.live;
    to.open("section", {{"aria-labelledby", "life"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "life"}}, "Life").close();
    to.open("div", {{"class", "sheet life"}});
    add_timeline(to, live, what.one.next_run, judge(what.one, what.now), what.now);
    to.open("dl");
    const auto point = [&](std::string_view term, wall_time when) {
        to.open("div").element("dt", term).open("dd");
        add_moment(to, when, what.now);
        to.close().close();
    };
    point("Valid from", live.not_before);
    if (what.one.next_run) {
        point("Next action", *what.one.next_run);
    }
    point(live.not_after > what.now ? "Expires" : "Expired", live.not_after);
    to.close().close().close();
}

void add_wrong(markup& to, const portrait& what) {
    if (what.why.troubles.empty()) {
        return;
    }
    to.open("section", {{"aria-labelledby", "wrong"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "wrong"}}, "What is wrong").close();
    to.open("ol", {{"class", "sheet troubles"}});
    explanation one = what.why;
    for (const explained_trouble& each : what.why.troubles) {
        one.troubles.assign(1, each);
        to.open("li");
        add_troubles(to, one, what.now, 1, 0);
        if (each.until && *each.until > what.now) {
            to.open("p", {{"class", "next"}}).text("Nothing is tried there before ");
            add_moment(to, *each.until, what.now);
            to.close();
        }
        to.close();
    }
    to.close().close();
}

void add_settings(markup& to, const portrait& what) {
    const certificate_status& one = what.one;
    to.open("section", {{"aria-labelledby", "kept"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "kept"}}, "How it is kept").close();
    {
        details list(to);
        list.add("State", lifecycle::to_string(one.where));
        list.add("Issuer", one.issuer);
        list.add("Issuers", one.issuers.size() > 1 ? join(one.issuers, ", then ") : "");
        list.add("Challenge", one.challenge);
        list.add("Keys", join(one.keys, ", ") + (one.reuse_key ? ", kept when renewed" : ""));
        list.add("Profile", one.profile);
        list.add("Deployed", one.deploy.empty() ? ""
                                                : fmt::format("{}: {}", join(one.deploy, ", "),
                                                              one.deployed ? "yes" : "not yet"));
        list.add("Files", one.directory, true);
        list.add("Next run", one.next_run, what.now);
        list.add("Because", one.next_reason);
        if (one.window) {
            list.add("The CA's window", fmt::format("{} to {}", date_and_time(one.window->start),
                                                    date_and_time(one.window->end)));
        }
        list.add("Last success", one.last_success, what.now);
        list.add("Last failure", one.last_failure, what.now);
        list.add("Revocation", one.revoking ? "asked for, not confirmed by the CA yet" : "");
        list.add("Order", escape(one.order_url), true);
    }
    to.close();
}

void add_leaf(markup& to, const live_certificate& leaf, wall_time now) {
    details list(to);
    list.add("Key", evercert::to_string(leaf.key));
    list.add("Signed by", leaf.issuer.empty() ? "" : escape(leaf.issuer, 200));
    list.add("Version", std::to_string(leaf.version));
    list.add("Valid from", leaf.not_before, now);
    list.add("Expires", leaf.not_after, now);
    list.add("Revoked", leaf.revoked ? "yes" : "");
    list.add("Serial", leaf.serial, true);
    list.add("SHA-256", leaf.fingerprint, true);
}

void add_leaves(markup& to, const portrait& what) {
    if (!what.one.live) {
        return;
    }
    to.open("section", {{"aria-labelledby", "leaf"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "leaf"}}, "The live certificate").close();
    add_leaf(to, *what.one.live, what.now);
    for (const live_certificate& other : what.one.other_keys) {
        add_leaf(to, other, what.now);
    }
    to.close();
}

void add_names(markup& to, const std::vector<std::string>& names) {
    to.open("section", {{"aria-labelledby", "names"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "names"}}, "Names");
    to.element("span", {{"class", "soft"}}, grouped(names.size())).close();
    to.open("ul", {{"class", "sheet names"}});
    for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i) {
        to.element("li", names[i]);
    }
    to.close();
    if (names.size() > most_names) {
        to.element("p", {{"class", "soft small"}},
                   fmt::format("and {} more", grouped(names.size() - most_names)));
    }
    to.close();
}

void add_record(markup& to, const portrait& what) {
    to.open("section", {{"aria-labelledby", "history"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "history"}}, "History").close();
    if (what.history.empty()) {
        to.element("p", {{"class", "sheet empty"}}, "Nothing is recorded of it yet.");
    } else {
        add_history(to, what.history, most_history, false, what.now);
    }
    to.close();
}

} // namespace

std::string certificate_page(const portrait& what) {
    frame about;
    about.title = what.one.name + " - evercert";
    about.address = address_of(what.one.name);
    return in_frame(about, what.daemon, what.now, [&](markup& to) {
        to.open("div", {{"class", "lead"}});
        to.open("nav", {{"class", "crumbs"}, {"aria-label", "Breadcrumb"}});
        to.element("a", {{"href", "/"}}, "All certificates").close();
        to.open("div", {{"class", "title"}}).element("h1", what.one.name);
        add_mark(to, judge(what.one, what.now));
        to.close();
        to.element("p", what.why.state);
        add_next(to, what.one, what.why, what.now);
        for (const std::string& link : what.why.links) {
            to.open("p", {{"class", "small"}}).text("The CA explains why it wants it renewed: ");
            to.element("a", {{"href", link}, {"rel", "noreferrer nofollow"}}, link).close();
        }
        to.close();
        add_wrong(to, what);
        add_life(to, what);
        add_settings(to, what);
        add_leaves(to, what);
        add_names(to, what.one.names);
        add_record(to, what);
    });
}

} // namespace evercert::daemon::status
