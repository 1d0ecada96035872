// The ledger in the world: beside a CA that counts for itself, with clocks that jump, with many names.
#include "core/base/random.hpp"
#include "core/lifecycle/rate_ledger.hpp"
#include "core/lifecycle/registered_domain.hpp"
#include "tests/core/lifecycle/ca_bucket.hpp"
#include "tests/core/lifecycle/rate_ledger_fixture.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <malloc.h>
#include <map>
#include <set>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

/// Counts as Let's Encrypt says it does, by text, in a map that forgets nothing.
class strict_ca {
public:
    explicit strict_ca(const rate_limits& limits) : limits_(limits), account_(limits.new_orders) {}

    /// The limit that refuses the order, or nothing.
    std::string order(const order_claim& claim, wall_time when) {
        std::set<std::string> domains;
        for (const identifier& name : claim.names) {
            domains.insert(registered_domain(name));
        }
        std::vector<ca_bucket*> spent;
        std::string refused;
        const auto cost = [&](ca_bucket& bucket, const std::string& what) {
            if (!bucket.look(when)) {
                refused = what;
            }
            spent.push_back(&bucket);
        };
        for (const identifier& name : claim.names) {
            if (paused.contains(name.base())) {
                refused = "paused";
            }
            if (claim.kind != order_kind::ari &&
                !bucket("failed", name.base(), limits_.failed_validations).look(when)) {
                refused = "failed validations";
            }
        }
        if (claim.kind == order_kind::fresh) {
            cost(account_, "account");
            for (const std::string& domain : domains) {
                cost(bucket("domain", domain, limits_.certificates_per_domain), "domain");
            }
        }
        if (claim.kind != order_kind::ari) {
            std::set<identifier> sorted(claim.names.begin(), claim.names.end());
            std::string text;
            for (const identifier& name : sorted) {
                text += name.value + ",";
            }
            cost(bucket("set", text, limits_.certificates_per_set), "set");
        }
        if (refused.empty()) {
            for (ca_bucket* each : spent) {
                each->take(when);
            }
        }
        return refused;
    }
    void fail(const std::string& name, wall_time when) {
        bucket("failed", name, limits_.failed_validations).take(when);
        ca_bucket& row = bucket("row", name, limits_.consecutive_failures);
        row.take(when);
        if (!row.look(when)) {
            paused.insert(name);
        }
    }
    void succeed(const std::string& name) { bucket("row", name, limits_.consecutive_failures).fill(); }

    std::set<std::string> paused;

private:
    ca_bucket& bucket(const std::string& kind, const std::string& of, const rate& limit) {
        return buckets_.try_emplace(kind + " " + of, limit).first->second;
    }

    rate_limits limits_;
    ca_bucket account_;
    std::map<std::string, ca_bucket> buckets_;
};

rate_limits tight_limits() {
    rate_limits limits;
    limits.new_orders = {20, hours(6)};
    limits.certificates_per_domain = {12, days(2)};
    limits.certificates_per_set = {3, days(1)};
    limits.failed_validations = {3, days(1)};
    limits.consecutive_failures = {10, days(40)};
    return limits;
}

constexpr std::string_view hopeless_name = "host0.site0.example";

order_claim draw_claim(random_source& random) {
    std::vector<std::string> names;
    for (auto count = random.between(1, random.between(1, 4)); count > 0; --count) {
        names.push_back(fmt::format("host{}.site{}.example", random.between(0, 6), random.between(0, 8)));
    }
    const auto choice = random.between(0, 9);
    return claim_of(names, choice < 6   ? order_kind::fresh
                           : choice < 9 ? order_kind::same_set
                                        : order_kind::ari);
}

} // namespace

TEST_CASE("who asks the ledger is refused by no limit and never paused") {
    const rate_limits limits = tight_limits();
    std::map<std::string, unsigned> held_by;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        const auto random = make_seeded_random(seed);
        rate_ledger ledger(limits);
        strict_ca ca(limits);
        wall_time now = some_day;
        unsigned sent = 0;
        for (int step = 0; step < 20'000; ++step) {
            CAPTURE(seed, step);
            if (random->between(0, 3) == 0) {
                now += seconds(random->between(0, random->between(0, 30) == 0 ? 100'000 : 600));
            }
            const order_claim claim = draw_claim(*random);
            const verdict_of_limits verdict = ledger.earliest(claim, now);
            REQUIRE(verdict.when >= now);
            REQUIRE(verdict.why.empty() == (verdict.when == now));
            if (verdict.when > now) {
                ++held_by[verdict.why.substr(0, 4)];
                REQUIRE(ledger.earliest(claim, verdict.when - milliseconds(1)).when == verdict.when);
                REQUIRE(ledger.earliest(claim, verdict.when).when == verdict.when);
                if (random->between(0, 200) > 0) {
                    continue;
                }
                now = verdict.when; // this one waits
            }
            ledger.spend(claim, now);
            ++sent;
            REQUIRE(ca.order(claim, now) == "");
            const bool hopeless = claim.names.front().value == hopeless_name;
            if (hopeless || random->between(0, 9) == 0) {
                ledger.fail_validation(claim.names.front().value, now);
                ca.fail(claim.names.front().value, now);
            } else if (random->between(0, 1) == 0) {
                std::vector<identifier> valid = claim.names;
                std::erase_if(valid, [](const identifier& name) { return name.value == hopeless_name; });
                ledger.succeed(valid, now);
                for (const identifier& name : valid) {
                    ca.succeed(name.value);
                }
            }
            REQUIRE(ca.paused.empty());
        }
        CHECK(sent > 1'500);
    }
    for (const char* limit : {"20 n", "12 c", "3 ce", "3 fa", "a pa"}) {
        CAPTURE(limit);
        CHECK(held_by[limit] > 0); // each limit was met
    }
}

TEST_CASE("a wall clock that jumps locks nothing and gives no more than a bucket a jump") {
    const auto random = make_seeded_random(GENERATE(range(1U, 9U)));
    rate_ledger ledger(published_limits());
    const auto make = [&](unsigned) { return claim_of({fmt::format("s{}.example", random->next())}); };
    wall_time real = some_day;
    milliseconds wrong{0};
    std::int64_t given = at_once(ledger, make, real);
    std::int64_t forward = 0;
    for (int hour = 0; hour < 24 * 60; ++hour) {
        real += hours(1);
        const auto choice = random->between(0, 19);
        if (choice == 0) {
            wrong = milliseconds(0); // corrected
        } else if (choice == 1) {
            wrong = hours(random->between(-24 * 20, 24 * 20));
        } else if (choice == 2) {
            wrong = days(random->between(-9000, 9000));
        }
        forward += choice <= 2 ? 1 : 0; // it may have been forward
        const auto now_given = at_once(ledger, make, real + wrong);
        given += now_given;
        if (choice > 2) {
            REQUIRE(now_given >= 98); // an hour is worth 100; a minute may be waited for
            REQUIRE(now_given <= 101);
        } else {
            REQUIRE(now_given <= 300);
        }
    }
    CHECK(given <= 300 + 24 * 60 * 100 + forward * 300);
}

TEST_CASE("a question about the future changes nothing") {
    rate_ledger ledger(published_limits());
    const auto fresh = [](unsigned number) { return claim_of({fmt::format("site{}.example", number)}); };
    CHECK(at_once(ledger, fresh, some_day) == 299);
    for (const milliseconds ahead : {milliseconds(hours(1)), milliseconds(days(400))}) {
        CHECK(ledger.earliest(fresh(1000), some_day + ahead).when == some_day + ahead);
        CHECK(ledger.levels(some_day + ahead).front().left > 99);
        CHECK(ledger.earliest(fresh(1000), some_day).when == some_day + seconds(36));
        CHECK(ledger.levels(some_day).front().left == 1);
    }
}

TEST_CASE("a clock set back while an order waits makes it wait no longer than it had to") {
    for (const milliseconds back :
         {milliseconds(hours(2)), milliseconds(days(10)), milliseconds(days(10'000))}) {
        rate_ledger ledger(published_limits());
        const order_claim renewal = claim_of({"a.example"}, order_kind::same_set);
        CHECK(at_once(ledger, [&](unsigned) { return renewal; }, some_day) == 4);
        ledger.spend(renewal, some_day + minutes(1));
        const auto wait = milliseconds(days(7)) / 5; // a refill, and the minute since the first is gone
        CHECK(ledger.earliest(renewal, some_day + minutes(1)).when == some_day + minutes(1) + wait);
        const wall_time set_back = some_day + minutes(1) - back;
        CHECK(ledger.earliest(renewal, set_back).when == set_back + wait);
        CHECK(ledger.earliest(renewal, set_back + hours(5)).when == set_back + wait);
        CHECK(ledger.earliest(renewal, set_back + wait).when == set_back + wait);
    }
}

TEST_CASE("a clock set back by up to a minute is waited for") {
    rate_ledger ledger(published_limits());
    const auto fresh = [](unsigned number) { return claim_of({fmt::format("site{}.example", number)}); };
    CHECK(at_once(ledger, fresh, some_day) == 299);
    CHECK(ledger.earliest(fresh(1000), some_day - minutes(1)).when == some_day + seconds(36));
    CHECK(ledger.earliest(fresh(1000), some_day).when == some_day + seconds(36));
    ledger.spend(fresh(1000), some_day - seconds(5));
    CHECK(ledger.earliest(fresh(1001), some_day).when == some_day + seconds(72));
}

TEST_CASE("records and clocks set back go together") {
    const order_claim renewal = claim_of({"a.example"}, order_kind::same_set);
    const auto restore = [&](rate_ledger& ledger, wall_time now, int count) {
        for (int order = 0; order < count; ++order) {
            ledger.restore(spent_order{now, order_kind::same_set, set_digest(renewal.names), {}}, now);
        }
    };
    const auto wait = milliseconds(days(7)) / 5 + minutes(1);
    const wall_time set_back = some_day - days(100);
    rate_ledger before(published_limits());
    restore(before, some_day, 5);
    CHECK(before.earliest(renewal, set_back).when == set_back + wait);

    rate_ledger first_used(published_limits()); // by a change, not by a question
    restore(first_used, some_day, 5);
    first_used.spend(claim_of({"b.example"}), set_back);
    CHECK(first_used.earliest(renewal, set_back).when == set_back + wait);

    rate_ledger between(published_limits());
    CHECK(between.earliest(renewal, some_day).when == some_day);
    between.spend(claim_of({"b.example"}), some_day);
    restore(between, set_back, 100);
    CHECK(between.earliest(renewal, set_back).when == set_back + wait);
}

TEST_CASE("100,000 sets and domains cost less than 100 bytes each, and nothing when they are full") {
    rate_limits limits = published_limits();
    limits.new_orders = {};
    rate_ledger ledger(limits);
    const auto in_use = [] {
        const struct mallinfo2 info = mallinfo2(); // zeros under a sanitizer: then this shows nothing
        return info.uordblks + info.hblkhd;
    };
    const std::size_t before = in_use();
    for (unsigned number = 0; number < 100'000; ++number) {
        ledger.spend(claim_of({fmt::format("www.customer-{:06}.co.uk", number)}), some_day);
    }
    CHECK(ledger.size() == 200'000);
    CHECK(in_use() - before < 200'000 * 100);
    // A week later a few orders a day are enough to forget them.
    wall_time now = some_day + days(8);
    for (unsigned order = 0; order < 100'000; ++order) {
        now += minutes(1);
        ledger.spend(claim_of({"www.example.com"}, order_kind::ari), now);
    }
    CHECK(ledger.size() == 0);
    CHECK(in_use() - before < 10'000);
}

TEST_CASE("100,000 records are restored and half of them forgotten") {
    rate_ledger ledger(published_limits());
    for (unsigned number = 0; number < 100'000; ++number) {
        const auto claim = claim_of({fmt::format("www.site{}.example", number)});
        ledger.restore(spent_order{some_day - seconds(number * 12),
                                   order_kind::fresh,
                                   set_digest(claim.names),
                                   {fmt::format("site{}.example", number)}},
                       some_day);
    }
    // A set is full again after 33.6 hours, a domain after 3.36.
    CHECK(ledger.size() == 1 + (33 * 3600 + 36 * 60) / 12 + (3 * 3600 + 21 * 60 + 36) / 12);
    CHECK(ledger.earliest(claim_of({"new.example"}), some_day).account_wide);
}
