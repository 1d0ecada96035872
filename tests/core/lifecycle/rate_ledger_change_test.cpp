// What the ledger gives back, and what it keeps when the limits are changed.
#include "core/lifecycle/rate_ledger.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;
using Catch::Matchers::WithinAbs;

namespace {

const wall_time now = some_day;
const order_claim claim = claim_of({"www.example.com", "www.example.org"});

/// Nothing when the bucket is full: then it is not kept.
std::optional<rate_ledger::level> level_of(const rate_ledger& ledger, std::string_view limit,
                                           std::string_view subject, wall_time when = now) {
    for (const auto& one : ledger.levels(when, 1000)) {
        if (one.limit == limit && one.subject == subject) {
            return one;
        }
    }
    return std::nullopt;
}

double domain_left(const rate_ledger& ledger, std::string_view domain, wall_time when = now) {
    const auto level = level_of(ledger, "certificates_per_domain", domain, when);
    return level ? level->left : 50;
}

double set_left(const rate_ledger& ledger, const order_claim& whose, wall_time when = now) {
    const auto level = level_of(ledger, "certificates_per_set", set_digest(whose.names), when);
    return level ? level->left : 5;
}

double account_left(const rate_ledger& ledger, wall_time when = now) {
    return level_of(ledger, "new_orders", "", when)->left;
}

/// The same history, in one that worked through it and in one that has it from records.
struct told_twice {
    rate_limits limits = published_limits();
    rate_ledger live{limits};
    rate_ledger restored{limits};
    std::vector<spent_order> spent;

    void spend(const order_claim& what, wall_time when) {
        spent.push_back(live.spend(what, when));
        restored.restore(spent.back(), when);
    }
    std::vector<rate_ledger*> both() { return {&live, &restored}; }
};

} // namespace

TEST_CASE("an order without a certificate gives back its set and its domains, and nothing else") {
    told_twice ledgers;
    const order_claim other = claim_of({"other.example.com"});
    ledgers.spend(claim, now);
    ledgers.spend(claim, now);
    ledgers.spend(other, now);
    for (rate_ledger* ledger : ledgers.both()) {
        ledger->give_back(ledgers.spent[0], now);
        CHECK_THAT(set_left(*ledger, claim), WithinAbs(4, 1e-6));
        CHECK_THAT(set_left(*ledger, other), WithinAbs(4, 1e-6));
        CHECK_THAT(domain_left(*ledger, "example.com"), WithinAbs(48, 1e-6));
        CHECK_THAT(domain_left(*ledger, "example.org"), WithinAbs(49, 1e-6));
        CHECK_THAT(account_left(*ledger), WithinAbs(297, 1e-6));
    }
}

TEST_CASE("a renewal gives back its set's token, the CA's own renewal none") {
    told_twice ledgers;
    ledgers.spend(claim, now);
    order_claim renewal = claim;
    renewal.kind = order_kind::same_set;
    ledgers.spend(renewal, now);
    order_claim exempt = claim;
    exempt.kind = order_kind::ari;
    ledgers.spend(exempt, now);
    for (rate_ledger* ledger : ledgers.both()) {
        ledger->give_back(ledgers.spent[2], now);
        CHECK_THAT(set_left(*ledger, claim), WithinAbs(3, 1e-6));
        ledger->give_back(ledgers.spent[1], now);
        CHECK_THAT(set_left(*ledger, claim), WithinAbs(4, 1e-6));
        CHECK_THAT(domain_left(*ledger, "example.com"), WithinAbs(49, 1e-6));
    }
}

TEST_CASE("nothing becomes fuller than full by giving back") {
    told_twice ledgers;
    ledgers.spend(claim, now);
    const wall_time later = now + hours(3); // nearly one domain's token has come back by itself
    for (rate_ledger* ledger : ledgers.both()) {
        for (int times = 0; times < 10; ++times) {
            ledger->give_back(ledgers.spent[0], later);
        }
        rate_ledger fresh(ledgers.limits);
        order_claim renewal = claim;
        renewal.kind = order_kind::same_set;
        const auto same = [&](unsigned) { return renewal; };
        CHECK(at_once(*ledger, same, later) == at_once(fresh, same, later));
        const auto hosts = [](unsigned n) { return claim_of({fmt::format("host{}.example.com", n)}); };
        CHECK(at_once(*ledger, hosts, later) == at_once(fresh, hosts, later));
    }
}

TEST_CASE("what was given back is not needed any more, but for the account") {
    told_twice ledgers;
    ledgers.spend(claim, now);
    spent_order cleared = ledgers.spent[0];
    cleared.set.clear();
    cleared.domains.clear();
    ledgers.live.give_back(ledgers.spent[0], now);
    CHECK(ledgers.live.needed(cleared, now + seconds(30)));
    CHECK_FALSE(ledgers.live.needed(cleared, now + minutes(1)));
    // After a restart the cleared record tells the same.
    rate_ledger after(ledgers.limits);
    after.restore(cleared, now);
    CHECK_THAT(account_left(after), WithinAbs(299, 1e-6));
    CHECK(set_left(after, claim) == 5);
    CHECK(domain_left(after, "example.com") == 50);
}

TEST_CASE("changed limits keep the number of missing tokens") {
    told_twice ledgers;
    for (int order = 0; order < 3; ++order) {
        ledgers.spend(claim, now);
    }
    ledgers.live.fail_validation("www.example.com", now);
    ledgers.restored.restore(failed_validation{now, "www.example.com"}, now);
    for (rate_ledger* before : ledgers.both()) {
        SECTION(before == &ledgers.live ? "used" : "restored") {
            rate_limits limits = published_limits();
            SECTION("larger") {
                limits.certificates_per_set = {20, days(10)};
                limits.new_orders = {1000, hours(1000)};
                rate_ledger after(limits);
                after.take_over(*before, now);
                CHECK_THAT(set_left(after, claim), WithinAbs(17, 1e-6));
                CHECK_THAT(account_left(after), WithinAbs(997, 1e-6));
                // They come back at the new pace.
                CHECK(level_of(after, "new_orders", "")->full_again == now + hours(3));
                CHECK(level_of(after, "certificates_per_set", set_digest(claim.names))->full_again ==
                      now + hours(36));
                // What did not change is as it was, with its words for people.
                CHECK_THAT(domain_left(after, "example.com"), WithinAbs(47, 1e-6));
                CHECK_THAT(level_of(after, "failed_validations", "www.example.com")->left,
                           WithinAbs(4, 1e-6));
            }
            SECTION("smaller") {
                limits.certificates_per_set = {4, days(7)};
                limits.certificates_per_domain = {2, days(7)};
                rate_ledger after(limits);
                after.take_over(*before, now);
                CHECK_THAT(set_left(after, claim), WithinAbs(1, 1e-6));
                const auto domain = level_of(after, "certificates_per_domain", "example.com");
                REQUIRE(domain);
                CHECK_THAT(domain->left, WithinAbs(0, 1e-6)); // three of two: empty, and not for longer
                CHECK(domain->full_again == now + days(7));
            }
            SECTION("off before") {
                rate_limits none;
                none.certificates_per_set = published_limits().certificates_per_set;
                rate_ledger loose(none);
                loose.take_over(*before, now);
                CHECK(loose.levels(now).size() == 1); // the set's
                rate_ledger after(limits);
                after.take_over(loose, now);
                CHECK_THAT(set_left(after, claim), WithinAbs(2, 1e-6));
                CHECK(account_left(after) == 300);
                CHECK(domain_left(after, "example.com") == 50);
            }
            SECTION("off after") {
                rate_ledger after(rate_limits{});
                after.take_over(*before, now);
                CHECK(after.size() == 0);
                CHECK(after.levels(now).empty());
                CHECK(after.earliest(claim, now).when == now);
            }
        }
    }
}

TEST_CASE("a token that is half back stays half back, and one that came back is not taken again") {
    told_twice ledgers;
    ledgers.spend(claim, now);
    ledgers.spend(claim, now);
    rate_limits limits = published_limits();
    limits.certificates_per_set = {10, days(7)};
    const milliseconds refill = milliseconds(days(7)) / 5;
    for (rate_ledger* before : ledgers.both()) {
        const wall_time half = now + refill / 2;
        rate_ledger after(limits);
        after.take_over(*before, half);
        CHECK_THAT(set_left(after, claim, half), WithinAbs(8.5, 1e-6));
        const wall_time late = now + refill * 3;
        rate_ledger much_later(limits);
        much_later.take_over(*before, late);
        CHECK(much_later.levels(late, 1000).size() == 1); // the account's, which is always told
        CHECK_THAT(level_of(much_later, "new_orders", "", late)->left, WithinAbs(300, 1e-6));
    }
}

TEST_CASE("giving back and restoring go on after the limits were changed") {
    told_twice ledgers;
    ledgers.spend(claim, now);
    ledgers.spend(claim, now);
    rate_limits limits = published_limits();
    limits.certificates_per_set = {10, days(7)};
    for (rate_ledger* before : ledgers.both()) {
        rate_ledger after(limits);
        after.take_over(*before, now);
        after.give_back(ledgers.spent[0], now);
        CHECK_THAT(level_of(after, "certificates_per_set", set_digest(claim.names))->left,
                   WithinAbs(9, 1e-6));
        after.restore(ledgers.spent[0], now);
        CHECK_THAT(level_of(after, "certificates_per_set", set_digest(claim.names))->left,
                   WithinAbs(8, 1e-6));
        CHECK_THAT(domain_left(after, "example.com"), WithinAbs(48, 1e-6));
    }
}
