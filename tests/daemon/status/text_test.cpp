#include "daemon/status/html.hpp"
#include "daemon/status/query.hpp"
#include "daemon/status/timeline.hpp"
#include "daemon/status/words.hpp"
#include "tests/daemon/status/crowd.hpp"
#include "tests/support/catch.hpp"

using namespace evercert;
using namespace evercert::daemon::status;
using namespace std::chrono_literals;
using std::chrono::days;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

} // namespace

TEST_CASE("HTML: nothing that is given becomes markup") {
    const std::pair<std::string, std::string> table[] = {
        {"plain", "plain"},
        {"", ""},
        {"a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;"},
        {"&amp;", "&amp;amp;"},
        {std::string("\0\x1b[2J\x7f", 6), "\\x00\\x1b[2J\\x7f"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xe2\x80\xae"
         "evil",
         "\\xe2\\x80\\xae"
         "evil"}, // turns lines around
        {"]]><!--", "]]&gt;&lt;!--"},
    };
    for (const auto& [given, expected] : table) {
        CAPTURE(given);
        CHECK(escape_html(given) == expected);
        markup out;
        out.element("a", {{"href", given}}, given);
        CHECK(out.take() == "<a href=\"" + expected + "\">" + expected + "</a>");
    }
    CHECK(escape_html(testing::hostile_words()).size() < 12'000);
    CHECK(escape_html(std::string(1 << 20, '<')).size() < 20'000);
}

TEST_CASE("HTML: what is open is closed, innermost first") {
    markup out;
    out.open("ul").open("li", {{"class", "x"}, {"hidden", "", false}}).text("a");
    out.single("br", {});
    CHECK(out.take() == "<ul><li class=\"x\">a<br></li></ul>");
    markup none;
    CHECK(none.close().take().empty());
}

TEST_CASE("status query: what is not understood is as by default") {
    query all;
    all.search = "shop a";
    all.sort = order::name;
    all.show = group::attention;
    all.page = 7;
    all.refresh = true;
    CHECK(parse_query("q=Shop+A&sort=name&show=attention&page=7&refresh=60") == all);
    CHECK(parse_query(address_of(all).substr(2)) == all);
    CHECK(address_of(query()) == "/");
    const char* odd[] = {"",
                         "&&&=",
                         "sort=",
                         "sort=<script>",
                         "page=0",
                         "page=-1",
                         "page=1x",
                         "page=",
                         "q=",
                         "show=nothing",
                         "refresh=1",
                         "%",
                         "q=%20%20",
                         "=q",
                         "page=99999999999999999999999999999",
                         "xq=1"};
    for (const char* text : odd) {
        CAPTURE(text);
        CHECK(parse_query(text) == query());
    }
    CHECK(parse_query("q=%3Cb%3E%zz%4").search == "<b>%zz%4");
    CHECK(parse_query("q=" + std::string(5000, 'x')).search.size() == longest_search);
    query odd_search;
    odd_search.search = "\"><a&b=c\xff#";
    CHECK(address_of(odd_search) == "/?q=%22%3E%3Ca%26b%3Dc%FF%23");
}

TEST_CASE("timeline: places stay on the line, whatever the dates are") {
    struct row {
        wall_time from, until;
        std::optional<wall_time> renewal;
        wall_time at;
        int place;
        std::optional<int> renewal_place;
    };
    const wall_time beginning = wall_time::min();
    const wall_time end = wall_time::max();
    const row table[] = {
        {now, now + days(90), now + days(60), now + days(45), 500, 666},
        {now, now + days(90), now + days(60), now, 0, 666},
        {now, now + days(90), std::nullopt, now + days(89) + 23h, 999, std::nullopt},
        {now + days(1), now + days(90), now + days(60), now, 0, 662},          // not valid yet
        {now - days(90), now - days(1), now, now, 1000, std::nullopt},         // expired, renewal behind it
        {now, now + days(90), now - days(1), now + days(1), 11, std::nullopt}, // overdue before it began
        {now, now, now, now, 1000, std::nullopt},                              // no life at all
        {now, now - days(1), now, now - days(2), 0, std::nullopt},             // ends before it begins
        {beginning, end, now, now, 500, 500},                                  // a clock gone wild
        {end, beginning, now, now, 0, std::nullopt},
    };
    for (const row& each : table) {
        const timeline line = place_on_line(each.from, each.until, each.renewal, each.at);
        CAPTURE(each.place);
        CHECK(line.now == each.place);
        CHECK(line.renewal == each.renewal_place);
        CHECK((line.now >= 0 && line.now <= 1000));
    }
    CHECK(place_on_line(now + 1h, now + 2h, {}, now).before);
    CHECK(place_on_line(now - 2h, now - 1h, {}, now).after);
}

TEST_CASE("times in words") {
    const std::pair<milliseconds, std::string> table[] = {
        {0ms, "now"},         {999ms, "now"},           {1s, "in 1 second"},          {59s, "in 59 seconds"},
        {60s, "in 1 minute"}, {-5min, "5 minutes ago"}, {1h, "in 60 minutes"},        {2h, "in 2 hours"},
        {47h, "in 47 hours"}, {48h, "in 2 days"},       {-days(400), "400 days ago"},
    };
    for (const auto& [distance, words] : table) {
        CHECK(in_words(now + distance, now) == words);
    }
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(counted(1, "name") == "1 name");
    CHECK(date_and_time(now + 90s) == "2026-11-21 00:01 UTC");
}

TEST_CASE("health: the worst that is true of it") {
    using lifecycle::state;
    const auto judged = [](auto change) {
        lifecycle::certificate_status one = testing::sample_status("a"); // 31 of 90 days old
        change(one);
        return judge(one, now);
    };
    CHECK(judged([](auto&) {}) == health::well);
    CHECK(judged([](auto& s) { s.where = state::ordering; }) == health::working);
    CHECK(judged([](auto& s) { s.where = state::failing; }) == health::failing);
    CHECK(judged([](auto& s) { s.deploy_failures = 1; }) == health::failing);
    CHECK(judged([](auto& s) { s.live->revoked = true; }) == health::revoked);
    CHECK(judged([](auto& s) { s.live->not_after = now; }) == health::expired);
    CHECK(judged([](auto& s) {
              s.live->not_after = now - 1s;
              s.live->revoked = true;
              s.where = state::failing;
          }) == health::expired);
    CHECK(judged([](auto& s) {
              s.live->not_before = now - days(75);
              s.live->not_after = now + days(15);
          }) == health::expiring);
    CHECK(judged([](auto& s) {
              s.live->not_before = now - days(74);
              s.live->not_after = now + days(16);
          }) == health::well);
    CHECK(judged([](auto& s) { s.live->not_before = now + 1h; }) == health::not_valid);
    CHECK(judged([](auto& s) { s.live.reset(); }) == health::missing);
    CHECK(judged([](auto& s) {
              s.live.reset();
              s.where = state::queued;
          }) == health::working);
}
