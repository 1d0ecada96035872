#include "daemon/status/frame.hpp"
#include "daemon/status/timeline.hpp"
#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon::status {
namespace {

using lifecycle::certificate_status;

/// Of what happened and of what to do; the certificate's own page has the rest.
constexpr std::size_t longest_text = 420;

std::string headline(const survey& all) {
    const std::size_t bad = all.count(group::attention);
    if (all.all == 0) {
        return "No certificates are configured";
    }
    if (bad > 0) {
        return bad == all.all ? fmt::format("{} {} attention",
                                            all.all == 1 ? "The one certificate"
                                                         : "All " + counted(all.all, "certificate"),
                                            all.all == 1 ? "needs" : "need")
                              : fmt::format("{} of {} {} attention", grouped(bad),
                                            counted(all.all, "certificate"), bad == 1 ? "needs" : "need");
    }
    const std::size_t busy = all.count(group::working);
    if (busy > 0) {
        return fmt::format("{} of {} in progress, nothing is wrong", grouped(busy),
                           counted(all.all, "certificate"));
    }
    return all.all == 1 ? "The one certificate is well"
                        : fmt::format("All {} are well", counted(all.all, "certificate"));
}

/// "2 failing, 1 expired".
std::string kinds_of(const survey& all, group which) {
    std::string out;
    for (const health each : all_healths) {
        if (belongs(each, which) && all.count(each) > 0) {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", grouped(all.count(each)), words_for(each));
        }
    }
    return out;
}

void add_tile(markup& to, const overview& what, group which, std::string_view title, std::string_view below) {
    query there;
    there.show = which;
    const std::size_t number = which == group::all ? what.everything->all : what.everything->count(which);
    const bool here = what.asked.show == which;
    to.open("li").open("a", {{"href", address_of(there)},
                             {"class", "bad", which == group::attention && number > 0},
                             {"aria-current", "true", here}});
    to.element("b", grouped(number));
    to.text(title);
    if (!below.empty()) {
        to.element("span", {{"class", "soft small"}}, below);
    }
    to.close().close();
}

void add_summary(markup& to, const overview& what) {
    const survey& all = *what.everything;
    to.open("section", {{"class", "lead"}, {"aria-labelledby", "summary"}});
    to.element("h1", {{"id", "summary"}}, headline(all));
    if (all.all > 0) {
        if (all.next_renewal != wall_time{}) {
            to.open("p", {{"class", "soft"}}).text("The next planned renewal is due ");
            add_time(to, all.next_renewal, in_words(all.next_renewal, what.now));
            to.text(".").close();
        }
        to.open("ul", {{"class", "tally"}});
        add_tile(to, what, group::all, "in all", "");
        add_tile(to, what, group::attention, "need attention",
                 all.count(group::attention) > 0 ? kinds_of(all, group::attention) : "");
        add_tile(to, what, group::working, "in progress",
                 all.count(health::missing) > 0 ? kinds_of(all, group::working) : "");
        add_tile(to, what, group::well, "well", "");
        to.close();
    }
    to.close();
}

/// Where nothing has failed, what is wrong is the state itself.
void add_state(markup& to, const trouble& each) {
    if (each.why.troubles.empty()) {
        to.element("p", each.why.state);
    }
}

void add_attention(markup& to, const overview& what) {
    if (what.troubles.empty()) {
        return;
    }
    const std::size_t all = what.everything->count(group::attention);
    to.open("section", {{"aria-labelledby", "attention"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "attention"}}, "What needs attention");
    if (all > what.troubles.size()) {
        query there;
        there.show = group::attention;
        there.sort = order::state;
        to.element("span", {{"class", "soft"}},
                   fmt::format("the worst {} of {}", what.troubles.size(), grouped(all)));
        to.element("a", {{"class", "small"}, {"href", address_of(there) + "#certificates"}},
                   "List all of them");
    }
    to.close();
    to.open("ol", {{"class", "sheet troubles"}});
    for (const trouble& each : what.troubles) {
        to.open("li").open("div", {{"class", "name"}});
        to.open("h3").element("a", {{"href", address_of(each.one.name)}}, each.one.name).close();
        add_mark(to, judge(each.one, what.now));
        if (each.one.live) {
            to.open("span", {{"class", "soft small"}});
            to.text(each.one.live->not_after > what.now ? "expires " : "expired ");
            add_time(to, each.one.live->not_after, in_words(each.one.live->not_after, what.now));
            to.close();
        } else {
            to.element("span", {{"class", "soft small"}}, "has no certificate");
        }
        to.close();
        add_state(to, each);
        add_troubles(to, each.why, what.now, 2, longest_text);
        add_next(to, each.one, each.why, what.now);
        to.close();
    }
    to.close().close();
}

void add_tools(markup& to, const overview& what) {
    to.open("div", {{"class", "tools"}});
    to.open("form", {{"method", "get"}, {"action", "/"}, {"role", "search"}});
    to.raw("<label class=\"away\" for=\"q\">Search by name or issuer</label>");
    to.single("input", {{"type", "search"},
                        {"id", "q"},
                        {"name", "q"},
                        {"maxlength", "100"},
                        {"placeholder", "Name or issuer"},
                        {"value", what.asked.search}});
    if (what.asked.show != group::all) {
        to.single("input", {{"type", "hidden"}, {"name", "show"}, {"value", to_string(what.asked.show)}});
    }
    if (what.asked.sort != order::expiry) {
        to.single("input", {{"type", "hidden"}, {"name", "sort"}, {"value", to_string(what.asked.sort)}});
    }
    to.element("button", {{"type", "submit"}}, "Search");
    to.close();
    to.open("nav", {{"class", "sorts"}, {"aria-label", "Sort by"}});
    to.element("span", {{"class", "soft"}}, "Sort by");
    const std::pair<order, std::string_view> ways[] = {{order::expiry, "expiry"},
                                                       {order::state, "state"},
                                                       {order::next, "next action"},
                                                       {order::name, "name"}};
    for (const auto& [way, words] : ways) {
        query there = what.asked;
        there.sort = way;
        there.page = 1;
        to.element(
            "a",
            {{"href", address_of(there) + "#certificates"}, {"aria-current", "true", way == what.asked.sort}},
            words);
    }
    to.close().close();
}

/// May be broken behind its dots.
void add_name(markup& to, std::string_view name) {
    while (!name.empty()) {
        const std::size_t end = std::min(name.find('.'), name.size() - 1) + 1;
        to.text(name.substr(0, end));
        if (end < name.size()) {
            to.single("wbr", {});
        }
        name.remove_prefix(end);
    }
}

void add_row(markup& to, const certificate_status& one, wall_time now) {
    const health how = judge(one, now);
    to.open("tr", {{"class", "row"}, {"role", "row"}});
    to.open("th", {{"role", "rowheader"}, {"scope", "row"}});
    to.open("a", {{"href", address_of(one.name)}});
    add_name(to, one.name);
    to.close();
    to.element("span", {{"class", "under"}},
               fmt::format("{}, {}", counted(one.names.size(), "name"), one.issuer));
    to.close();
    to.open("td", {{"role", "cell"}});
    add_mark(to, how);
    to.close();
    to.open("td", {{"role", "cell"}});
    if (one.live) {
        add_timeline(to, *one.live, one.next_run, how, now);
    } else {
        to.element("span", {{"class", "soft small"}}, "no certificate yet");
    }
    to.close();
    to.open("td", {{"role", "cell"}});
    if (one.live) {
        to.raw("<span class=\"small-only\">expires </span>");
        to.open("b");
        add_time(to, one.live->not_after, in_words(one.live->not_after, now));
        to.close();
        to.element("span", {{"class", "under"}}, format_time(one.live->not_after).substr(0, 10));
    } else {
        to.element("span", {{"class", "soft"}}, "never issued");
    }
    to.close();
    to.open("td", {{"role", "cell"}});
    to.raw("<span class=\"small-only\">next: </span>");
    if (one.next_run) {
        add_time(to, *one.next_run, *one.next_run <= now ? "now" : in_words(*one.next_run, now));
        to.element("span", {{"class", "under"}}, words_for(one.next_cause));
    } else {
        to.text(lifecycle::to_string(one.where)).element("span", {{"class", "under"}}, "under way");
    }
    to.close().close();
}

void add_key(markup& to) {
    to.raw("<p class=\"key\"><span><svg viewBox=\"0 0 24 20\" aria-hidden=\"true\"><rect class=\"track\" "
           "y=\"7\" width=\"24\" "
           "height=\"6\"/><rect class=\"gone\" y=\"7\" width=\"15\" height=\"6\"/></svg>from issue to "
           "expiry, what is gone "
           "of it</span><span><svg viewBox=\"0 0 24 20\" aria-hidden=\"true\"><line class=\"now\" x1=\"12\" "
           "x2=\"12\" y1=\"0\" "
           "y2=\"20\"/></svg>now</span><span><svg viewBox=\"0 0 24 20\" aria-hidden=\"true\"><line "
           "class=\"renew\" x1=\"12\" "
           "x2=\"12\" y1=\"3\" y2=\"17\"/></svg>renewal</span></p>");
}

void add_pages(markup& to, const overview& what) {
    if (what.chosen.pages < 2) {
        return;
    }
    to.open("nav", {{"class", "pages"}, {"aria-label", "Pages"}});
    query there = what.asked;
    const auto link = [&](std::size_t page, bool possible, std::string_view words) {
        there.page = page;
        if (possible) {
            to.element("a", {{"href", address_of(there) + "#certificates"}}, words);
        }
    };
    const std::size_t here = what.chosen.page;
    link(1, here > 2, "First");
    link(here - 1, here > 1, "Previous");
    to.element("span", {{"class", "soft"}}, fmt::format("Page {} of {}", here, grouped(what.chosen.pages)));
    link(here + 1, here < what.chosen.pages, "Next");
    link(what.chosen.pages, here + 1 < what.chosen.pages, "Last");
    to.close();
}

/// "5,000 certificates", "3 that need attention and match “web”".
std::string which_are_shown(const overview& what) {
    std::string words = counted(what.chosen.matching, "certificate");
    if (what.asked.show == group::attention) {
        words += what.chosen.matching == 1 ? " that needs attention" : " that need attention";
    } else if (what.asked.show == group::working) {
        words += " in progress";
    } else if (what.asked.show == group::well) {
        words += what.chosen.matching == 1 ? " that is well" : " that are well";
    }
    if (!what.asked.search.empty()) {
        words += fmt::format(", searched for \"{}\"", what.asked.search);
    }
    return words;
}

void add_empty(markup& to, const overview& what) {
    to.open("div", {{"class", "sheet empty"}});
    if (what.everything->all == 0) {
        to.element("b", "Nothing to look after yet");
        to.open("p")
            .text("Name certificates under ")
            .element("code", "certificates:")
            .text(" in the configuration, then run ");
        to.element("code", "evercert reload").text(".").close();
    } else {
        to.element("b", "No certificate is like that");
        to.open("p").element("a", {{"href", "/"}}, "Show all").close();
    }
    to.close();
}

void add_certificates(markup& to, const overview& what) {
    to.open("section", {{"aria-labelledby", "certificates"}});
    to.open("div", {{"class", "head"}});
    to.element("h2", {{"id", "certificates"}}, "Certificates");
    if (what.everything->all > 0) {
        to.element("span", {{"class", "soft"}}, which_are_shown(what));
        if (what.asked.show != group::all || !what.asked.search.empty()) {
            to.element("a", {{"class", "small"}, {"href", "/"}}, "Show all");
        }
    }
    to.close();
    if (what.everything->all > 0) {
        add_tools(to, what);
    }
    if (what.shown.empty()) {
        add_empty(to, what);
    } else {
        add_key(to);
        to.open("table", {{"class", "sheet grid"}, {"role", "table"}, {"aria-labelledby", "certificates"}});
        to.raw("<thead class=\"headings\" role=\"rowgroup\"><tr class=\"row\" role=\"row\"><th "
               "role=\"columnheader\">Certificate</th>"
               "<th role=\"columnheader\">State</th><th role=\"columnheader\">Life</th><th "
               "role=\"columnheader\">Expires</th>"
               "<th role=\"columnheader\">Next</th></tr></thead>");
        to.open("tbody", {{"class", "body"}, {"role", "rowgroup"}});
        for (const certificate_status& one : what.shown) {
            add_row(to, one, what.now);
        }
        to.close().close();
        add_pages(to, what);
    }
    to.close();
}

void add_activity(markup& to, const overview& what) {
    to.open("section", {{"aria-labelledby", "activity"}});
    to.open("div", {{"class", "head"}}).element("h2", {{"id", "activity"}}, "Recent activity").close();
    if (what.recent.empty()) {
        to.element("p", {{"class", "sheet empty"}}, "Nothing has happened since the start.");
    } else {
        add_history(to, what.recent, most_activity, true, what.now);
    }
    to.close();
}

} // namespace

std::string overview_page(const overview& what) {
    query other = what.asked;
    other.refresh = !what.asked.refresh;
    frame about;
    about.title = headline(*what.everything) + " - evercert";
    about.address = address_of(what.asked);
    about.refresh = what.asked.refresh;
    about.other_address = address_of(other);
    return in_frame(about, what.daemon, what.now, [&](markup& to) {
        add_summary(to, what);
        // Who searches or turns pages has read it.
        if (what.asked.search.empty() && what.asked.page == 1) {
            add_attention(to, what);
        }
        add_certificates(to, what);
        add_activity(to, what);
    });
}

} // namespace evercert::daemon::status
