// The message: its JSON as documented, and its words.
#include "core/json/value.hpp"
#include "daemon/notify/notice.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::daemon;
using config::news;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

notice one_notice(const std::string& name, news what = news::failing) {
    notice made;
    made.what = what;
    made.certificate = name;
    made.names = {name, "www." + name};
    made.issuer = "letsencrypt";
    made.problem_class = "later";
    made.failures = 3;
    made.happened = "the CA could not connect";
    made.mend = "open port 80";
    made.since = now - std::chrono::days(1);
    made.expires = now + std::chrono::days(20);
    made.next_try = now + std::chrono::hours(2);
    return made;
}

digest of(std::size_t many) {
    digest all;
    for (std::size_t i = 0; i < many; ++i) {
        ++all.counts[news::failing];
        if (all.notices.size() < most_notices) {
            all.notices.push_back(one_notice(fmt::format("c{}.example", i)));
        }
    }
    return all;
}

} // namespace

TEST_CASE("The JSON has the documented members") {
    digest all = of(1);
    all.held_since = now - std::chrono::minutes(9);
    const message made = compose(all, "id1", "web1", now);
    const auto root = json::parse(made.json).value();
    CHECK(root.member_names() == std::vector<std::string>{"version", "id", "time", "host", "test", "text",
                                                          "counts", "not_listed", "held_since", "notices"});
    CHECK(root.integer("version") == 1);
    CHECK(root.string("id") == "id1");
    CHECK(root.string("time") == "2026-11-21T00:00:00Z");
    CHECK(root.string("host") == "web1");
    CHECK(root.boolean("test") == false);
    CHECK(root.object("counts")->integer("failing") == 1);
    CHECK(root.integer("not_listed") == 0);
    CHECK(root.string("held_since") == "2026-11-20T23:51:00Z");
    CHECK(root.string("text") == "evercert on web1: c0.example is failing\nc0.example is failing: the CA "
                                 "could not connect (expires in 20d)");
    const auto listed = root.array("notices").value();
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].member_names() == std::vector<std::string>{"event", "certificate", "names", "issuer",
                                                               "class", "failures", "cause", "mend", "since",
                                                               "expires", "next_try"});
    CHECK(listed[0].string("event") == "failing");
    CHECK(listed[0].string("mend") == "open port 80");
    CHECK(listed[0].string("next_try") == "2026-11-21T02:00:00Z");
}

TEST_CASE("The mail's text says what, why, what to do and when") {
    const message made = compose(of(1), "id1", "web1", now);
    CHECK(made.subject == "c0.example is failing");
    CHECK(made.text == "c0.example is failing, since 2026-11-20T00:00:00Z (3 failures in a row)\n"
                       "    names:     c0.example, www.c0.example\n"
                       "    issuer:    letsencrypt\n"
                       "    what:      the CA could not connect\n"
                       "    to do:     open port 80\n"
                       "    next try:  2026-11-21T02:00:00Z (in 2h)\n"
                       "    expires:   2026-12-11T00:00:00Z (in 20d)\n"
                       "\n"
                       "-- \nevercertd on web1, 2026-11-21T00:00:00Z, message id1\n");
}

TEST_CASE("Of many the first are listed and the others counted, in a chat still fewer") {
    const message made = compose(of(60), "id1", "web1", now);
    CHECK(made.subject == "60 certificates are failing");
    CHECK(made.total == 60);
    CHECK(made.text.find("... and 10 more") != std::string::npos);
    const auto root = json::parse(made.json).value();
    CHECK(root.integer("not_listed") == 10);
    CHECK(root.array("notices")->size() == 50);
    const std::string chat = root.string("text").value();
    CHECK(std::count(chat.begin(), chat.end(), '\n') == 11);
    CHECK(chat.ends_with("... and 50 more"));
    CHECK(made.certificates.starts_with("c0.example c1.example "));
}

TEST_CASE("Bytes that are no UTF-8 do not spoil the JSON") {
    digest all = of(1);
    all.notices[0].happened = "bad \xff\xfe bytes";
    CHECK(json::parse(compose(all, "id1", "web1", now).json).has_value());
}

TEST_CASE("A test says that it is one") {
    digest all;
    all.test = true;
    const message made = compose(all, "id1", "web1", now);
    CHECK(made.subject == "a test message");
    CHECK(made.events == "test");
    CHECK(made.text.starts_with("This is a test message of evercertd on web1"));
    CHECK(json::parse(made.json)->boolean("test") == true);
}
