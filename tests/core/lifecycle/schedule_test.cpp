// Who is due when.
#include "core/base/random.hpp"
#include "core/lifecycle/schedule.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace std::chrono;

namespace {

const wall_time start{days(20'000)};

std::shared_ptr<entry> fresh(const std::string& name) {
    managed_certificate wanted;
    wanted.name = name;
    return std::make_shared<entry>(std::make_shared<const managed_certificate>(std::move(wanted)));
}

} // namespace

TEST_CASE("whoever is due first is taken first, each once") {
    schedule all;
    CHECK(!all.earliest());
    const auto soon = fresh("soon");
    const auto late = fresh("late");
    all.put(late, start + days(40));
    all.put(soon, start + minutes(3));
    CHECK(all.earliest() == start + minutes(3));
    CHECK(all.take_due(start) == nullptr);
    CHECK(all.take_due(start + minutes(3)) == soon);
    CHECK(all.take_due(start + minutes(3)) == nullptr);
    CHECK(all.earliest() == start + days(40));
    CHECK(all.take_due(start + days(41)) == late);
    CHECK(!all.earliest());
}

TEST_CASE("a new place replaces the old, and one that was dropped is none") {
    schedule all;
    const auto who = fresh("who");
    all.put(who, start + minutes(1));
    all.put(who, start + hours(30));
    CHECK(all.earliest() == start + hours(30));
    all.put(who, start + minutes(2)); // before the hour that has been reached by now
    CHECK(all.earliest() == start + minutes(2));
    all.drop(*who);
    CHECK(!all.earliest());
    all.put(who, wall_time::max());
    CHECK(!all.earliest());
    all.put(who, start);
    all.clear();
    CHECK(all.take_due(start + days(400)) == nullptr);
    all.put(who, start + hours(1));
    CHECK(all.take_due(start + hours(1)) == who);
}

TEST_CASE("who is removed is let go of, and its seat's next owner inherits nothing") {
    schedule all;
    auto gone = fresh("gone");
    const std::weak_ptr<entry> watched = gone;
    all.put(gone, start);
    all.remove(*gone);
    all.remove(*gone);
    gone.reset();
    CHECK(watched.expired());
    const auto next = fresh("next");
    all.put(next, start + days(1));
    CHECK(all.take_due(start + hours(1)) == nullptr);
    CHECK(all.take_due(start + days(1)) == next);
}

TEST_CASE("it says the same as a sorted list, whatever is asked of it") {
    const auto random = make_seeded_random(1);
    schedule all;
    std::vector<std::shared_ptr<entry>> entries;
    for (int i = 0; i < 50; ++i) {
        entries.push_back(fresh("e" + std::to_string(i)));
    }
    std::map<std::shared_ptr<entry>, wall_time> expected;
    wall_time now = start;
    for (int step = 0; step < 50'000; ++step) {
        const auto& who = entries[static_cast<std::size_t>(random->between(0, 49))];
        if (const auto what = random->between(0, 99); what < 60) {
            const wall_time when = now + minutes(random->between(-30, 60 * 48));
            all.put(who, when);
            expected[who] = when;
        } else if (what < 70) {
            all.drop(*who);
            expected.erase(who);
        } else if (what < 72) {
            all.remove(*who);
            expected.erase(who);
        } else if (what == 72 && step % 50 == 0) {
            all.clear();
            expected.clear();
            now -= hours(random->between(0, 100));
        } else {
            now += minutes(random->between(0, 20));
        }
        while (const auto due = all.take_due(now)) {
            REQUIRE(expected.contains(due));
            REQUIRE(expected.at(due) <= now);
            expected.erase(due);
        }
        std::optional<wall_time> first;
        for (const auto& [each, when] : expected) {
            first = first ? std::min(*first, when) : when;
        }
        REQUIRE(all.earliest() == first);
        REQUIRE((!first || *first > now));
    }
}
