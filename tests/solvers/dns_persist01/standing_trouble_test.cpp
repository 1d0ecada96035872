#include "solvers/dns_persist01/standing_trouble.hpp"
#include "tests/solvers/dns_persist01/persist_fixture.hpp"

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;
using std::chrono::days;

namespace {

const wall_time now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};

standing_report of(standing what, std::optional<wall_time> until = std::nullopt,
                   std::string name = "a.example") {
    standing_report made;
    made.name = std::move(name);
    made.issuer = "ca";
    made.record = standing_record_name(made.name);
    made.line = made.record + ". 3600 IN TXT \"x\"";
    made.state = to_string(what);
    made.problem = what == standing::good ? "" : "ns1 has nothing";
    made.until = until;
    return made;
}

} // namespace

TEST_CASE("how loudly trouble with a standing record is said") {
    struct row {
        std::string_view what;
        standing_report report;
        std::optional<wall_time> renewal;
        std::optional<severity> level; ///< nullopt: nothing is wrong
        std::string_view words;
    };
    const std::vector<row> table = {
        {"there", of(standing::good), now + days(1), {}, ""},
        {"there for long", of(standing::good, now + days(31)), now + days(20), {}, ""},
        {"there until after the renewal", of(standing::good, now + days(61)), now + days(60), {}, ""},
        {"ends within 30 days", of(standing::good, now + days(30)), {}, severity::warning, "(in 30d)"},
        {"ends before the renewal", of(standing::good, now + days(50)), now + days(60), severity::warning,
         "before the next renewal at 2027-01-21"},
        {"ends within 7 days", of(standing::good, now + days(7)), {}, severity::error, "without one: _val"},
        {"missing", of(standing::missing), {}, severity::warning, "is missing: ns1 has nothing; publish"},
        {"missing, long before the renewal", of(standing::missing), now + days(8), severity::warning, ""},
        {"missing when it is needed", of(standing::missing), now + days(7), severity::error, "3600 IN TXT"},
        {"unfit", of(standing::unfit), {}, severity::warning, "does not fit"},
        {"unseen", of(standing::unseen), {}, {}, ""},
    };
    for (const row& r : table) {
        CAPTURE(r.what);
        const auto found = find_trouble({r.report}, r.renewal, now);
        REQUIRE(found.has_value() == r.level.has_value());
        if (found) {
            CHECK(found->level == *r.level);
            CAPTURE(found->message);
            CHECK(found->message.find(r.words) != std::string::npos);
            CHECK(found->ending == r.report.until.has_value());
        }
    }
}

TEST_CASE("what is not there goes before what will not be, and several are counted") {
    const std::vector<standing_report> all = {of(standing::good, now + days(3)), of(standing::good),
                                              of(standing::missing, std::nullopt, "b.example")};
    const auto found = find_trouble(all, std::nullopt, now);
    REQUIRE(found);
    CHECK(found->record == "_validation-persist.b.example");
    CHECK(found->message.find("and 1 more") != std::string::npos);
    CHECK(found->level == severity::error);
    CHECK(!found->ending);
    CHECK(all_seen(all));
    CHECK(!all_seen({of(standing::unseen)}));
    standing_report unknown = of(standing::good);
    unknown.state = "unknown";
    CHECK(!all_seen({unknown}));
}

TEST_CASE("a report says what to publish, or why that is not known") {
    const result<dns::zone_texts> nobody = fail(errc::refused, "SERVFAIL");
    issuer_facts facts = facts_of_ca();
    auto report = make_standing_report("example.com", true, facts, nobody, now);
    CHECK(report.state == "unseen");
    CHECK(report.value == good_text + "; policy=wildcard");
    CHECK(report.line.starts_with(record_name + ". 3600 IN TXT "));
    CHECK(report.problem == "SERVFAIL");
    facts.account_url.clear();
    report = make_standing_report("example.com", true, facts, nobody, now);
    CHECK(report.state == "unknown");
    CHECK(report.line.empty());
    CHECK(report.problem.find("no account at this CA yet") != std::string::npos);
    facts.trouble = "the CA does not answer";
    CHECK(make_standing_report("example.com", true, facts, nobody, now).problem == facts.trouble);
}
