#include "core/lifecycle/token_bucket.hpp"
#include "tests/core/lifecycle/ca_bucket.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

const wall_time begin = sys_days(year(2026) / 11 / 21);
const wall_time end = sys_days(year(2150) / 1 / 1); ///< of what 64 bits of nanoseconds have room for

/// What a token may be late by, from the description in the header.
nanoseconds reserve_of(const rate& limit) {
    const nanoseconds interval = nanoseconds(limit.period) / limit.capacity;
    return std::min<nanoseconds>(limit.capacity == 1 ? interval / 8 : interval, minutes(1));
}

/// Takes tokens as they come, in bursts and after pauses of every length; whole milliseconds, as orders are
/// sent.
std::vector<wall_time> random_takes(const rate& limit, std::size_t count, random_source& random) {
    const token_bucket rule(limit);
    const auto interval = std::max<std::int64_t>(1, duration_cast<milliseconds>(rule.interval()).count());
    bucket_time full_at{};
    wall_time now = begin;
    std::vector<wall_time> taken;
    while (taken.size() < count && now < end) {
        const auto choice = random.between(0, 9);
        if (choice == 0) {
            now += milliseconds(random.between(0, 2 * interval));
        } else if (choice == 1 && random.between(0, 20) == 0) {
            now += milliseconds(random.between(0, 2 * limit.period.count()));
        }
        const bucket_time when = rule.earliest(full_at, now);
        if (when > now) {
            if (choice > 7) {
                now = ceil<milliseconds>(when); // wait for it
            } else {
                now += milliseconds(random.between(0, interval / 2));
            }
            continue;
        }
        full_at = rule.take(full_at, now, now);
        taken.push_back(now);
    }
    return taken;
}

const auto shapes = {rate{1, seconds(1)},      rate{1, days(730)},        rate{2, seconds(1)},
                     rate{2, hours(3)},        rate{3, seconds(10)},      rate{7, seconds(1)},
                     rate{5, days(7)},         rate{50, days(7)},         rate{100, seconds(1)},
                     rate{300, hours(3)},      rate{1152, days(1152)},    rate{30'000, days(7)},
                     rate{99'999, seconds(1)}, rate{100'000, seconds(1)}, rate{100'000, days(730)}};

} // namespace

TEST_CASE("in no window of time more than capacity and refill are given out") {
    const rate limit = GENERATE(values(shapes));
    const auto seed = GENERATE(range(1U, 6U));
    CAPTURE(limit.capacity, limit.period.count(), seed);
    const auto random = make_seeded_random(seed);
    const auto taken = random_takes(limit, 1500, *random);
    // (j - i + 1) <= capacity + (t_j - t_i) * capacity / period, without a division
    const wide capacity = limit.capacity;
    const wide period = limit.period.count();
    bool kept = true;
    for (std::size_t i = 0; i < taken.size(); ++i) {
        for (std::size_t j = i; j < taken.size(); ++j) {
            const wide number = j - i + 1;
            kept = kept && (number - capacity) * period <= wide((taken[j] - taken[i]).count()) * capacity;
        }
    }
    CHECK(kept);
}

TEST_CASE("a CA that counts late refuses nothing, whatever the delays up to the reserve") {
    const rate limit = GENERATE(values(shapes));
    const auto seed = GENERATE(range(1U, 4U));
    CAPTURE(limit.capacity, limit.period.count(), seed);
    const auto random = make_seeded_random(seed);
    const auto taken = random_takes(limit, limit.capacity > 10'000 ? 220'000 : 8'000, *random);
    const auto reserve = duration_cast<milliseconds>(reserve_of(limit));
    for (const bool delayed : {false, true}) {
        std::vector<wall_time> seen = taken;
        for (wall_time& when : seen) {
            // mostly at the ends: those are what hurts
            const auto choice = random->between(0, 2);
            const auto delay = choice == 0   ? 0
                               : choice == 1 ? reserve.count()
                                             : random->between(0, reserve.count());
            when += milliseconds(delayed ? delay : 0);
        }
        std::sort(seen.begin(), seen.end());
        ca_bucket ca(limit);
        const auto refused =
            std::count_if(seen.begin(), seen.end(), [&](wall_time when) { return !ca.take(when); });
        CHECK(refused == 0);
    }
}

TEST_CASE("who waits for each token gets the whole budget but for the reserve") {
    const rate limit = GENERATE(values(shapes));
    CAPTURE(limit.capacity, limit.period.count());
    const token_bucket rule(limit);
    const std::size_t count = limit.capacity * 2 + 1000;
    bucket_time full_at{};
    wall_time now = begin;
    const double interval = static_cast<double>(limit.period.count()) / limit.capacity; // in milliseconds
    const double reserve = duration<double, std::milli>(reserve_of(limit)).count();
    double worst = 0;
    for (std::size_t number = 1; number <= count && now < end; ++number) {
        now = std::max(now, wall_time(ceil<milliseconds>(rule.earliest(full_at, now))));
        REQUIRE(rule.earliest(full_at, now) == now);
        full_at = rule.take(full_at, now, now);
        const double refills = number > limit.capacity ? static_cast<double>(number - limit.capacity) : 0;
        // With one token only, what is held back adds up.
        const double ideal = refills * (limit.capacity == 1 ? interval + reserve : interval);
        worst = std::max(worst, static_cast<double>((now - begin).count()) - ideal);
    }
    // Rounding: to a millisecond per wait, to a nanosecond per interval.
    CHECK(worst <= reserve + (limit.capacity == 1 ? static_cast<double>(count) : 2.0) +
                       1e-6 * static_cast<double>(count));
}

TEST_CASE("a bucket is never less than empty, and full again after its period") {
    const token_bucket rule(rate{5, days(7)});
    bucket_time full_at{};
    for (int forced = 0; forced < 1000; ++forced) {
        full_at = rule.take(full_at, begin, begin);
    }
    CHECK(full_at == begin + days(7));
    CHECK(rule.left(full_at, begin) == 0);
    CHECK(rule.left(full_at, begin + days(7)) == 5);
    CHECK(std::abs(rule.left(full_at, begin + hours(84)) - 2.5) < 1e-9);
    CHECK(rule.earliest(full_at, begin) == begin + milliseconds(days(7)) / 5 + minutes(1));
}

TEST_CASE("tokens that belong together are there together, or the bucket is full") {
    const token_bucket rule(rate{5, days(7)});
    bucket_time full_at{};
    CHECK(rule.earliest(full_at, begin, 4) == begin);
    full_at = rule.take(full_at, begin, begin);
    full_at = rule.take(full_at, begin, begin);
    CHECK(rule.earliest(full_at, begin, 2) == begin);
    CHECK(rule.earliest(full_at, begin, 3) == begin + minutes(1)); // the last one's reserve
    CHECK(rule.earliest(full_at, begin, 4) == begin + rule.interval() + minutes(1));
    for (const unsigned more : {5U, 6U, 1000U}) {
        CHECK(rule.earliest(full_at, begin, more) == full_at);
    }
    CHECK(token_bucket(rate{}).earliest({}, begin, 7) == begin);
}

TEST_CASE("what a CA says is there at a moment is there then, and only that") {
    for (const unsigned capacity : {1U, 2U, 5U, 300U}) {
        CAPTURE(capacity);
        const token_bucket rule(rate{capacity, hours(3)});
        const bucket_time until = begin + minutes(1);
        bucket_time full_at = rule.empty_until({}, until, begin);
        CHECK(rule.earliest(full_at, begin) == until);
        full_at = rule.take(full_at, until, until);
        CHECK(rule.earliest(full_at, until) == until + rule.interval());
        // More than a period is not believed, and what is emptier already stays.
        CHECK(rule.earliest(rule.empty_until({}, begin + days(400), begin), begin) <= begin + rule.depth());
        CHECK(rule.empty_until(full_at, begin, begin) == full_at);
    }
}

TEST_CASE("no limit is no limit, whichever way it is written") {
    for (const rate none : {rate{}, rate{0, days(1)}, rate{7, milliseconds(0)}, rate{7, milliseconds(-5)}}) {
        const token_bucket rule(none);
        CHECK(!rule.limited());
        bucket_time full_at{};
        for (int taken = 0; taken < 100; ++taken) {
            CHECK(rule.earliest(full_at, begin) == begin);
            full_at = rule.take(full_at, begin, begin);
        }
        CHECK(full_at <= begin);
    }
}

TEST_CASE("the largest numbers there are do not overflow") {
    for (const rate extreme : {rate{~0U, milliseconds::max()}, rate{~0U, milliseconds(1)},
                               rate{1, milliseconds::max()}, rate{2, milliseconds::max()}}) {
        const token_bucket rule(extreme);
        const bucket_time late = sys_days(year(2200) / 1 / 1);
        bucket_time full_at = rule.take({}, late, late);
        CHECK(full_at > late);
        full_at = rule.empty_until(full_at, late + rule.depth(), late);
        CHECK(rule.earliest(full_at, late) >= late);
        CHECK(rule.earliest(full_at, late) <= late + rule.depth());
    }
}
