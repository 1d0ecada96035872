#include "solvers/dns_persist01/standing_watch.hpp"
#include "tests/solvers/dns_persist01/persist_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <algorithm>

using namespace evercert;
using namespace evercert::solvers;
using namespace evercert::testing;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

struct bench : persist_fixture {
    std::unique_ptr<random_source> random = make_seeded_random(7);
    std::vector<issuer_facts> facts{facts_of_ca()};
    unsigned facts_asked = 0;
    std::optional<wall_time> renewal;
    standing_watch watch{
        watch_parts{.time = time,
                    .random = *random,
                    .events = events,
                    .facts = [this](std::string name) { return tell_facts(std::move(name)); },
                    .next_renewal = [this](const std::string&) { return renewal; }}};
    std::vector<certificate_ptr> certificates;
    asio::cancellation_signal stop;
    bool ended = false;

    awaitable<result<std::vector<issuer_facts>>> tell_facts(std::string) {
        ++facts_asked;
        co_return facts;
    }
    void add(const std::string& name, std::vector<std::string> names,
             std::vector<std::string> challenges = {"standing"}) {
        issuance_policy policy;
        policy.issuers = {"ca"};
        policy.challenges = std::move(challenges);
        managed_certificate made;
        made.name = name;
        for (const std::string& each : names) {
            made.names.push_back(parse_identifier(each).value());
        }
        made.policy = std::make_shared<const issuance_policy>(std::move(policy));
        certificates.push_back(std::make_shared<const managed_certificate>(std::move(made)));
    }
    void assign() { watch.assign(certificates, {{"standing", &dns}}); }
    void start() {
        assign();
        asio::co_spawn(
            loop, watch.run(),
            asio::bind_cancellation_slot(stop.slot(), [this](const std::exception_ptr&) { ended = true; }));
        time.run_ready();
    }
    ~bench() {
        stop.emit(asio::cancellation_type::all);
        time.run_ready();
    }
    /// How often a server was asked for the record.
    [[nodiscard]] long looks() const { return std::ranges::count(dns.asked, "192.0.2.1:53 " + record_name); }
};

} // namespace

TEST_CASE("a record that is there is looked at soon and then twice a day, without a word") {
    bench b;
    b.publish({good_text});
    b.add("a", {"example.com"});
    b.start();
    CHECK(b.looks() == 0);
    b.time.advance(seconds(20));
    CHECK(b.looks() == 1);
    b.time.advance(hours(11));
    CHECK(b.looks() == 1);
    b.time.advance(hours(3));
    CHECK(b.looks() == 2);
    b.time.advance(hours(24 * 10));
    CHECK(b.looks() >= 18);
    CHECK(b.looks() <= 23);
    CHECK(b.events.all.empty());
    CHECK(b.watch.problem("a").empty());
    CHECK(b.watch.problem("nobody").empty());
}

TEST_CASE("a record that went missing is told once, daily while it lasts, and when it is back") {
    bench b;
    b.publish({good_text});
    b.add("a", {"example.com"});
    b.start();
    b.time.advance(minutes(1));
    b.publish({});
    b.time.advance(hours(14));
    REQUIRE(b.events.count("dns.standing_record_missing") == 1);
    CHECK(b.events.all[0].level == severity::warning);
    CHECK(b.events.all[0].certificate == "a");
    CHECK(b.events.all[0].message.find("3600 IN TXT \"" + good_text + "\"") != std::string::npos);
    CHECK(b.watch.problem("a") == b.events.all[0].message);
    const auto before = b.looks();
    b.time.advance(hours(10));
    CHECK(b.looks() - before >= 9); // hourly now
    CHECK(b.events.count("dns.standing_record_missing") == 1);
    b.time.advance(hours(24 * 4));
    CHECK(b.events.count("dns.standing_record_missing") >= 4);
    CHECK(b.events.count("dns.standing_record_missing") <= 6);
    b.publish({good_text});
    b.time.advance(hours(2));
    CHECK(b.events.count("dns.standing_record_good") == 1);
    CHECK(b.watch.problem("a").empty());
    const auto told = b.events.all.size();
    b.time.advance(hours(48));
    CHECK(b.events.all.size() == told);
}

TEST_CASE("a change is told at once, another wording is not, and silence is neither good nor bad") {
    bench b;
    b.add("a", {"example.com"});
    b.start();
    b.time.advance(minutes(1));
    CHECK(b.events.all.size() == 1);
    b.answers("192.0.2.2", {fail(errc::timed_out, "silent")});
    b.time.advance(hours(3));
    CHECK(b.events.all.size() == 1);
    b.silence();
    b.time.advance(hours(3));
    CHECK(b.events.all.size() == 1);
    CHECK(!b.watch.problem("a").empty());
    b.publish({"ca.example; accounturi=https://ca.example/acct/2"});
    b.time.advance(hours(2));
    REQUIRE(b.events.all.size() == 2);
    CHECK(b.events.all[1].message.find("another account") != std::string::npos);
    b.renewal = b.time.now() + hours(24 * 7 + 1);
    b.time.advance(hours(3));
    REQUIRE(b.events.all.size() == 3);
    CHECK(b.events.all[2].level == severity::error);
}

TEST_CASE("a record that will end is told a month before, and aloud in the last week") {
    bench b;
    b.publish({b.until(good_text, hours(24 * 31))});
    b.add("a", {"example.com"});
    b.start();
    b.time.advance(hours(1));
    CHECK(b.events.all.empty());
    b.time.advance(hours(24 * 2));
    CHECK(b.events.count("dns.standing_record_ending") >= 1);
    CHECK(b.events.all[0].level == severity::warning);
    b.time.advance(hours(24 * 23));
    CHECK(b.events.all.back().level == severity::error);
    CHECK(b.events.count("dns.standing_record_ending") <= 30);
    b.time.advance(hours(24 * 8));
    CHECK(b.events.all.back().id == "dns.standing_record_missing"); // it has ended
}

TEST_CASE("only names whose first choice it is are watched; all can be asked for") {
    bench b;
    b.publish({good_text});
    b.add("second", {"example.com"}, {"http", "standing"});
    b.add("never", {"example.com"}, {"http"});
    b.start();
    b.time.advance(hours(24));
    CHECK(b.looks() == 0);
    const auto asked = b.run(b.watch.look("second"));
    REQUIRE(asked);
    REQUIRE(asked->size() == 1);
    CHECK(asked->at(0).state == "good");
    CHECK(b.run(b.watch.look("never")).value().empty());
    CHECK(b.run(b.watch.look("nobody")).value().empty());
}

TEST_CASE("a name and its wildcard need one record, each issuer its own") {
    bench b;
    issuer_facts spare = facts_of_ca();
    spare.issuer = "spare";
    spare.issuer_domains = {"spare.example"};
    b.facts.push_back(spare);
    b.publish({good_text + "; policy=wildcard"});
    b.add("a", {"example.com", "*.example.com"});
    b.assign();
    const auto asked = b.run(b.watch.look("a"));
    REQUIRE(asked);
    REQUIRE(asked->size() == 2);
    CHECK(asked->at(0).state == "good");
    CHECK(asked->at(0).wildcard);
    CHECK(asked->at(1).issuer == "spare");
    CHECK(asked->at(1).state == "unfit");
    CHECK(b.looks() == 1); // one look for both
    b.facts[1].account_url.clear();
    b.facts[1].trouble = "the CA does not answer";
    CHECK(b.run(b.watch.look("a"))->at(1).problem == "the CA does not answer");
}

TEST_CASE("a reload keeps what is known, begins with what is new and drops the rest") {
    bench b;
    b.add("a", {"example.com"});
    b.start();
    b.time.advance(minutes(1));
    CHECK(b.events.all.size() == 1);
    b.add("b", {"example.com"});
    b.assign();
    b.time.advance(minutes(1));
    CHECK(b.events.all.size() == 2);
    CHECK(b.looks() == 2);
    b.certificates.clear();
    b.assign();
    b.time.advance(hours(48));
    CHECK(b.looks() == 2);
    CHECK(b.watch.problem("a").empty());
}

TEST_CASE("many certificates are spread, and share what their issuers say") {
    bench b;
    b.publish({good_text});
    for (int i = 0; i < 2000; ++i) {
        b.add("c" + std::to_string(i), {"example.com"});
    }
    b.start();
    b.time.advance(seconds(50));
    CHECK(b.looks() > 500);
    CHECK(b.looks() < 1300);
    b.time.advance(minutes(2));
    CHECK(b.looks() == 2000);
    CHECK(b.facts_asked <= 4);
}
