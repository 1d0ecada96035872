#include "core/lifecycle/rate_ledger.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <cmath>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

const wall_time now = some_day;
constexpr auto set_refill = milliseconds(days(7)) / 5;
constexpr auto domain_refill = milliseconds(days(7)) / 50;

order_claim site(unsigned number) {
    return claim_of({fmt::format("www.site{}.example", number)});
}

} // namespace

TEST_CASE("10,000 new names go out as fast as the account's budget allows") {
    rate_ledger ledger(published_limits());
    wall_time clock = now;
    unsigned at_first = 0;
    wall_time before = now;
    for (unsigned number = 0; number < 10'000; ++number) {
        const order_claim claim = site(number);
        const verdict_of_limits verdict = ledger.earliest(claim, clock);
        if (verdict.when > clock) {
            REQUIRE(verdict.account_wide);
            REQUIRE(verdict.why == "300 new orders per 3h");
            clock = verdict.when;
            REQUIRE(ledger.earliest(claim, clock).when == clock);
            REQUIRE(clock - before == seconds(36));
        }
        at_first += clock == now ? 1 : 0;
        ledger.spend(claim, clock);
        before = clock;
    }
    CHECK(at_first == 299); // one is held back
    CHECK(before - now == (10'000 - 299) * seconds(36));
}

TEST_CASE("renewals of the same set cost the account and the domain nothing") {
    rate_ledger ledger(published_limits());
    for (unsigned number = 0; number < 20'000; ++number) {
        const order_claim renewal =
            claim_of({fmt::format("host{}.example.com", number), "example.com"}, order_kind::same_set);
        REQUIRE(ledger.earliest(renewal, now).when == now);
        CHECK(ledger.spend(renewal, now).domains.empty());
    }
    CHECK(ledger.earliest(claim_of({"new.example.com"}), now).when == now);
    CHECK(ledger.size() == 20'000); // the sets
}

TEST_CASE("one set is renewed four times at once, the fifth a minute later, then at every refill") {
    rate_ledger ledger(published_limits());
    const auto renewal = [](unsigned) { return claim_of({"b.example", "a.example"}, order_kind::same_set); };
    CHECK(at_once(ledger, renewal, now) == 4);
    const order_claim again = claim_of({"a.example", "b.example"}, order_kind::same_set);
    verdict_of_limits verdict = ledger.earliest(again, now);
    CHECK(verdict.when == now + minutes(1));
    CHECK(verdict.why == "5 certificates per 7d for exactly these names");
    CHECK(!verdict.account_wide);
    ledger.spend(again, verdict.when);
    verdict = ledger.earliest(again, verdict.when);
    CHECK(verdict.when == now + set_refill + minutes(1));
    // Another set with a name of it is another set, and fresh orders spend the set as well.
    CHECK(ledger.earliest(claim_of({"a.example"}, order_kind::same_set), now + minutes(2)).when ==
          now + minutes(2));
    CHECK(ledger.earliest(claim_of({"a.example", "b.example"}), now + minutes(2)).when ==
          now + set_refill + minutes(1));
}

TEST_CASE("the CA's own renewals wait for no limit and spend nothing") {
    rate_ledger ledger(published_limits());
    const order_claim renewal = claim_of({"a.example.com"}, order_kind::ari);
    CHECK(at_once(ledger, site, now) == 299);
    CHECK(at_once(
              ledger, [](unsigned) { return claim_of({"a.example.com"}, order_kind::same_set); }, now) == 4);
    for (int failure = 0; failure < 10; ++failure) {
        ledger.fail_validation("a.example.com", now);
    }
    const std::size_t before = ledger.size();
    for (int order = 0; order < 1000; ++order) {
        REQUIRE(ledger.earliest(renewal, now).when == now);
        const spent_order spent = ledger.spend(renewal, now);
        REQUIRE(spent.kind == order_kind::ari);
        REQUIRE(spent.domains.empty());
        REQUIRE(!ledger.needed(spent, now));
    }
    CHECK(ledger.size() == before);
    CHECK(ledger.earliest(site(1000), now).when == now + seconds(36));
    CHECK(ledger.earliest(claim_of({"a.example.com"}, order_kind::same_set), now).when == now + minutes(13));
}

TEST_CASE("a registered domain has its own budget, whatever its names") {
    rate_ledger ledger(published_limits());
    const auto host = [](unsigned number) {
        return claim_of({fmt::format("{}host{}.example.co.uk", number % 2 == 0 ? "*." : "", number)});
    };
    CHECK(at_once(ledger, host, now) == 49);
    const verdict_of_limits verdict = ledger.earliest(host(1000), now);
    CHECK(verdict.when == now + minutes(1));
    CHECK(verdict.why == "50 certificates per 7d for example.co.uk");
    CHECK(!verdict.account_wide);
    ledger.spend(host(1000), verdict.when);
    CHECK(ledger.earliest(host(1001), verdict.when).when == now + domain_refill + minutes(1));
    CHECK(ledger.earliest(claim_of({"host.other.co.uk"}), now).when == now);
    // Of many names the tightest binds.
    const verdict_of_limits mixed =
        ledger.earliest(claim_of({"a.other.co.uk", "x.example.co.uk", "b.third.co.uk"}), now);
    CHECK(mixed.why == "50 certificates per 7d for example.co.uk");
}

TEST_CASE("many names of one domain in one order spend one token of it") {
    rate_ledger ledger(published_limits());
    std::vector<std::string> names;
    for (int number = 0; number < 100; ++number) {
        names.push_back(fmt::format("host{}.example.com", number));
    }
    names.emplace_back("www.example.org");
    const spent_order spent = ledger.spend(claim_of(names), now);
    CHECK(spent.domains == std::vector<std::string>{"example.com", "example.org"});
    CHECK(spent.set == set_digest(claim_of(names).names));
    CHECK(spent.when == now);
    for (const auto& level : ledger.levels(now)) {
        if (level.limit == "certificates_per_domain") {
            CHECK(level.left == 49);
        }
    }
}

TEST_CASE("addresses of one IPv6 network share a budget, IPv4 addresses do not") {
    rate_ledger ledger(published_limits());
    CHECK(at_once(
              ledger, [](unsigned n) { return claim_of({fmt::format("2001:db8::{:x}", n + 1)}); }, now) ==
          49);
    CHECK(ledger.earliest(claim_of({"2001:db8::ffff"}), now).why ==
          "50 certificates per 7d for 2001:db8::/64");
    CHECK(ledger.earliest(claim_of({"2001:db8:0:1::1"}), now).when == now);
    const spent_order spent = ledger.spend(claim_of({"2001:db8:0:1::1"}), now);
    CHECK(spent.domains == std::vector<std::string>{"2001:db8:0:1::/64"});
}

TEST_CASE("failed validations delay every order with that name, until one comes back") {
    rate_ledger ledger(published_limits());
    for (int failure = 0; failure < 4; ++failure) {
        CHECK(ledger.earliest(claim_of({"www.example.com", "b.example"}), now).when == now);
        ledger.fail_validation("www.example.com", now);
    }
    const verdict_of_limits verdict = ledger.earliest(claim_of({"b.example", "www.example.com"}), now);
    CHECK(verdict.when == now + minutes(1));
    CHECK(verdict.why == "5 failed validations per 1h for www.example.com");
    CHECK(!verdict.account_wide);
    CHECK(ledger.earliest(claim_of({"*.www.example.com"}, order_kind::same_set), now).when ==
          now + minutes(1));
    CHECK(ledger.earliest(claim_of({"example.com"}), now).when == now);
    // Success does not give them back: the CA does not either.
    ledger.succeed(claim_of({"www.example.com"}).names, now);
    CHECK(ledger.earliest(claim_of({"www.example.com"}), now).when == now + minutes(1));
}

TEST_CASE("a name is never brought to where the CA pauses it") {
    rate_limits limits = published_limits();
    limits.failed_validations = {};
    rate_ledger ledger(limits);
    const order_claim renewal = claim_of({"*.example.com"}, GENERATE(order_kind::ari, order_kind::fresh));
    unsigned failures = 0;
    while (ledger.earliest(renewal, now).when == now && failures < 5000) {
        ledger.fail_validation("example.com", now);
        ++failures;
    }
    CHECK(failures == 1150); // the 1,152nd would pause it; one is held back, as everywhere
    const verdict_of_limits verdict = ledger.earliest(renewal, now);
    CHECK(verdict.why == "a pause by the CA after 1152 failed validations in a row for example.com");
    CHECK(verdict.when == now + minutes(1));
    ledger.fail_validation("example.com", verdict.when);
    CHECK(ledger.earliest(renewal, verdict.when).when == now + days(1) + minutes(1));
    ledger.succeed(renewal.names, now + minutes(2));
    CHECK(ledger.earliest(renewal, now + minutes(2)).when == now + minutes(2));
}

TEST_CASE("a name that fails daily is tried daily for ever") {
    rate_ledger ledger(published_limits());
    wall_time clock = now;
    for (int day = 0; day < 5000; ++day) {
        clock += days(1);
        REQUIRE(ledger.earliest(claim_of({"down.example"}, order_kind::same_set), clock).when == clock);
        ledger.fail_validation("down.example", clock);
    }
}

TEST_CASE("limits that are not set delay nothing and keep nothing") {
    rate_ledger ledger(rate_limits{});
    for (unsigned number = 0; number < 1000; ++number) {
        REQUIRE(ledger.earliest(site(number), now).when == now);
        const spent_order spent = ledger.spend(site(number), now);
        REQUIRE(!ledger.needed(spent, now));
        ledger.fail_validation("www.example.com", now);
        ledger.restore(spent, now);
        ledger.restore(failed_validation{now, "www.example.com"}, now);
        ledger.restore_consecutive("www.example.com", 100, now, now);
        ledger.refused(site(number), now + days(1), now);
        ledger.refused(site(number), std::nullopt, now);
    }
    CHECK(ledger.size() == 0);
    CHECK(ledger.levels(now).empty());
}

TEST_CASE("one order of one name a year is possible") {
    rate_limits limits;
    limits.new_orders = {1, days(365)};
    limits.certificates_per_set = {1, seconds(1)};
    rate_ledger ledger(limits);
    CHECK(ledger.earliest(site(1), now).when == now);
    ledger.spend(site(1), now);
    CHECK(ledger.earliest(site(2), now).when == now + days(365) + minutes(1));
    CHECK(ledger.earliest(claim_of({"www.site1.example"}, order_kind::same_set), now).when ==
          now + milliseconds(1125));
}

TEST_CASE("a digest is the same for the same names, and kinds have names") {
    CHECK(set_digest(claim_of({"a.example", "b.example"}).names) ==
          set_digest(claim_of({"b.example", "a.example"}).names));
    CHECK(set_digest(claim_of({"a.example"}).names) != set_digest(claim_of({"*.a.example"}).names));
    CHECK(set_digest({}).size() == 16);
    for (const order_kind kind : {order_kind::fresh, order_kind::same_set, order_kind::ari}) {
        CHECK(parse_order_kind(to_string(kind)) == kind);
    }
    CHECK(to_string(order_kind::same_set) == "same_set");
    CHECK(!parse_order_kind("Fresh"));
    CHECK(!parse_order_kind(""));
}

TEST_CASE("people see the account's level and the emptiest buckets") {
    rate_ledger ledger(published_limits());
    auto levels = ledger.levels(now);
    REQUIRE(levels.size() == 1);
    CHECK(levels[0].limit == "new_orders");
    CHECK(levels[0].subject.empty());
    CHECK(levels[0].capacity == 300);
    CHECK(levels[0].left == 300);
    CHECK(levels[0].full_again == now);

    at_once(ledger, site, now);
    for (int order = 0; order < 30; ++order) {
        ledger.spend(claim_of({"a.example.com"}, order_kind::same_set), now);
    }
    ledger.spend(claim_of({"b.example.com"}), now);
    for (int failure = 0; failure < 3; ++failure) {
        ledger.fail_validation("down.example", now);
    }
    levels = ledger.levels(now);
    REQUIRE(levels.size() == 21);
    CHECK(levels[0].left == 0);
    CHECK(levels[0].full_again == now + hours(3));
    CHECK(levels[1].limit == "certificates_per_set");
    CHECK(levels[1].subject == set_digest(claim_of({"a.example.com"}).names));
    CHECK(levels[1].left == 0);
    CHECK(levels[1].full_again == now + days(7));
    CHECK(levels[2].limit == "failed_validations");
    CHECK(levels[2].subject == "down.example");
    CHECK(levels[2].capacity == 5);
    CHECK(levels[2].left == 2);
    CHECK(levels[2].full_again == now + minutes(36));
    for (std::size_t at = 3; at < levels.size(); ++at) {
        CHECK(levels[at].left / levels[at].capacity >= levels[at - 1].left / levels[at - 1].capacity);
    }
    CHECK(ledger.levels(now, 0).size() == 1);
    const auto all = ledger.levels(now, 10'000);
    CHECK(all.size() == ledger.size()); // the account among them
    CHECK(std::count_if(all.begin(), all.end(),
                        [](const auto& level) { return level.subject == "example.com"; }) == 1);
    const auto row =
        std::find_if(all.begin(), all.end(), [](const auto& l) { return l.limit == "consecutive_failures"; });
    REQUIRE(row != all.end());
    CHECK(row->capacity == 1152);
    CHECK(std::abs(row->left - 1149) < 1e-9);
    CHECK(ledger.levels(now + days(8)).size() == 1);
}
