// The ledger is rebuilt from records.
#include "core/base/random.hpp"
#include "core/lifecycle/rate_ledger.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

const wall_time now = some_day;

rate random_rate(random_source& random, bool always) {
    if (!always && random.between(0, 4) == 0) {
        return {};
    }
    return {static_cast<unsigned>(random.between(1, 12)), seconds(random.between(10'000, 400'000))};
}

rate_limits random_limits(random_source& random) {
    rate_limits limits;
    limits.new_orders = random_rate(random, true);
    limits.certificates_per_domain = random_rate(random, false);
    limits.certificates_per_set = random_rate(random, false);
    limits.failed_validations = random_rate(random, false);
    return limits;
}

order_claim random_claim(random_source& random) {
    std::vector<std::string> names;
    for (auto count = random.between(1, 3); count > 0; --count) {
        names.push_back(fmt::format("host{}.site{}.example", random.between(0, 2), random.between(0, 5)));
    }
    return claim_of(names, static_cast<order_kind>(random.between(0, 2)));
}

template <typename Item>
void shuffle(std::vector<Item>& items, random_source& random) {
    for (std::size_t left = items.size(); left > 1; --left) {
        std::swap(items[left - 1],
                  items[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(left) - 1))]);
    }
}

/// A ledger's life, with what records would have kept of it.
struct life {
    explicit life(random_source& random, bool forgetful) : limits(random_limits(random)), ledger(limits) {
        for (int step = 0; step < 400; ++step) {
            const order_claim claim = random_claim(random);
            const auto choice = random.between(0, 9);
            if (choice < 3) {
                clock += seconds(random.between(0, 20'000));
            } else if (choice < 5) {
                ledger.fail_validation(claim.names.front().value, clock);
                failed.push_back({clock, claim.names.front().value});
            } else if (choice == 5 ||
                       ledger.earliest(claim, clock).when == clock) { // 5: asked for by a person
                spent.push_back(ledger.spend(claim, clock));
            } else {
                clock = std::max(clock, std::min(ledger.earliest(claim, clock).when, clock + hours(10)));
            }
            if (forgetful && choice == 0) {
                std::erase_if(spent, [&](const spent_order& one) { return !ledger.needed(one, clock); });
                std::erase_if(failed,
                              [&](const failed_validation& one) { return !ledger.needed(one, clock); });
            }
        }
    }

    void restore_to(rate_ledger& after, random_source& random) {
        shuffle(spent, random);
        shuffle(failed, random);
        std::size_t failures = 0;
        for (const spent_order& one : spent) {
            if (failures < failed.size() && random.between(0, 1) == 0) {
                after.restore(failed[failures++], clock);
            }
            after.restore(one, clock);
        }
        for (; failures < failed.size(); ++failures) {
            after.restore(failed[failures], clock);
        }
    }

    rate_limits limits;
    rate_ledger ledger;
    wall_time clock = now;
    std::vector<spent_order> spent;
    std::vector<failed_validation> failed;
};

} // namespace

TEST_CASE("after a restart the answers are those from before, in whichever order records are read") {
    const bool forgetful = GENERATE(false, true); // drops what is said not to be needed
    unsigned delayed = 0;
    for (unsigned seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed, forgetful);
        const auto random = make_seeded_random(seed);
        life before(*random, forgetful);
        rate_ledger after(before.limits);
        before.restore_to(after, *random);
        wall_time clock = before.clock;
        for (int question = 0; question < 300; ++question) {
            const order_claim claim = random_claim(*random);
            const verdict_of_limits expected = before.ledger.earliest(claim, clock);
            const verdict_of_limits got = after.earliest(claim, clock);
            REQUIRE(got.when == expected.when);
            REQUIRE(got.why == expected.why);
            REQUIRE(got.account_wide == expected.account_wide);
            delayed += expected.when > clock ? 1 : 0;
            clock += seconds(random->between(0, 60));
            if (question % 10 == 0) {
                REQUIRE(before.ledger.spend(claim, clock) == after.spend(claim, clock));
            }
        }
    }
    CHECK(delayed > 1000);
}

TEST_CASE("what comes from a record later, while the ledger works, is counted on top") {
    rate_ledger ledger(published_limits());
    const order_claim renewal = claim_of({"a.example"}, order_kind::same_set);
    const auto restore = [&](hours ago) {
        ledger.restore(spent_order{now - ago, order_kind::same_set, set_digest(renewal.names), {}}, now);
    };
    restore(hours(3));
    restore(hours(5));
    CHECK(ledger.earliest(renewal, now).when == now);
    restore(hours(4)); // older than what was played already
    restore(hours(6));
    CHECK(ledger.earliest(renewal, now).when == now);
    restore(hours(400)); // full since, if it were alone
    const wall_time expected = now - hours(5) + milliseconds(days(7)) / 5 + minutes(1);
    CHECK(ledger.earliest(renewal, now).when == expected);
    for (int more = 0; more < 100; ++more) {
        restore(hours(more));
    }
    CHECK(ledger.earliest(renewal, now).when == now + milliseconds(days(7)) / 5 + minutes(1));
}

TEST_CASE("a row of failures is taken for the worst it can have been") {
    rate_limits limits;
    limits.consecutive_failures = {10, days(10)};
    const auto random = make_seeded_random(7);
    for (int round = 0; round < 200; ++round) {
        rate_ledger live(limits);
        rate_ledger restored(limits);
        wall_time clock = now;
        unsigned count = 0;
        wall_time latest = clock;
        for (auto failures = random->between(0, 20); failures > 0; --failures) {
            clock += hours(random->between(0, 30));
            live.fail_validation("a.example", clock);
            ++count;
            latest = clock;
        }
        clock += hours(random->between(0, 30));
        // Two certificates may tell of the same name; a repeat adds nothing.
        restored.restore_consecutive("*.a.example", count, latest, clock);
        restored.restore_consecutive("a.example", count / 2, latest, clock);
        const order_claim claim = claim_of({"a.example"}, order_kind::ari);
        CHECK(restored.earliest(claim, clock).when >= live.earliest(claim, clock).when);
        CHECK(restored.earliest(claim, clock).when <= clock + days(1) + minutes(1));
    }
    rate_ledger many(limits);
    many.restore_consecutive("a.example", ~0U, now, now);
    CHECK(many.earliest(claim_of({"a.example"}), now).when == now + days(1) + minutes(1));
    many.restore_consecutive("b.example", 0, now, now);
    CHECK(many.size() == 1);
}

TEST_CASE("moments of the future in a record count as now, and far ones not at all") {
    rate_limits limits = published_limits();
    const order_claim renewal = claim_of({"a.example"}, order_kind::same_set);
    for (const auto ahead : {milliseconds(1), milliseconds(days(7))}) {
        rate_ledger ledger(limits);
        for (int order = 0; order < 5; ++order) {
            ledger.restore(spent_order{now + ahead, order_kind::same_set, set_digest(renewal.names), {}},
                           now);
        }
        CHECK(ledger.earliest(renewal, now).when == now + milliseconds(days(7)) / 5 + minutes(1));
    }
    rate_ledger ledger(limits);
    for (int order = 0; order < 500; ++order) {
        for (const wall_time absurd : {now + days(8), now + days(4000), wall_time::max(), wall_time::min()}) {
            ledger.restore(spent_order{absurd, order_kind::fresh, set_digest(renewal.names), {"a.example"}},
                           now);
            ledger.restore(failed_validation{absurd, "a.example"}, now);
            ledger.restore_consecutive("a.example", 1000, absurd > now ? now + days(1153) : absurd, now);
        }
    }
    CHECK(ledger.earliest(claim_of({"a.example"}), now).when == now);
    CHECK(ledger.size() == 0);
}

TEST_CASE("a garbled record does no harm") {
    rate_ledger ledger(published_limits());
    for (const char* set :
         {"", "0000000000000000", "xyz", "123", "-00000000000000f", "00000000000000000000000000001",
          " 123456789abcdef", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
        const spent_order odd{now, order_kind::same_set, set, {"", "\x1b[31m", std::string(100'000, 'a')}};
        ledger.restore(odd, now);
        CHECK(!ledger.needed(odd, now));
    }
    CHECK(ledger.size() == 0);
    ledger.restore(spent_order{now, order_kind::fresh, "", {"", "\x1b[31m", std::string(100'000, 'a')}}, now);
    ledger.restore(failed_validation{now, ""}, now);
    CHECK(ledger.size() == 5); // the account, three domains, a name
    CHECK(ledger.levels(now).size() == 5);
}
