// When a certificate is due by its dates, and that what was issued together is not renewed together.
#include "core/lifecycle/due.hpp"
#include "tests/core/lifecycle/machine_fixture.hpp"

#include <algorithm>
#include <set>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;
using namespace std::chrono;

namespace {

const wall_time start = machine_start;

} // namespace

TEST_CASE("the window is a tenth of lifetimes under ten days, else a twentieth and at most a day") {
    struct row {
        milliseconds lifetime, opens, width;
    };
    const std::vector<row> table = {
        {seconds(30), seconds(15), seconds(3)},
        {hours(1), minutes(30), minutes(6)},
        {days(6), days(3), milliseconds(days(6)) / 10},
        {hours(239), milliseconds(hours(239)) / 2, milliseconds(hours(239)) / 10},
        {days(12), days(8), milliseconds(days(12)) / 20},
        {days(45), days(30), days(1)},
        {days(90), days(60), days(1)},
        {days(396), days(264), days(1)},
    };
    for (const auto& [lifetime, opens, width] : table) {
        CAPTURE(lifetime.count());
        const renewal_window window = window_of(start, start + lifetime);
        CHECK(window.opens == start + opens);
        CHECK(window.closes - window.opens == width);
        CHECK(window.closes < latest_renewal(start, start + lifetime));
    }
    CHECK(window_in_words(start, start + days(6)) == "at 1/2 of its lifetime of 6d");
    CHECK(window_in_words(start, start + days(90)) == "at 2/3 of its lifetime of 90d");
}

TEST_CASE("a certificate that ends before it begins is due at its beginning") {
    const renewal_window window = window_of(start, start - days(1));
    CHECK(window.opens == start);
    CHECK(window.closes == start);
    CHECK(latest_renewal(start, start - days(1)) == start);
}

TEST_CASE("a CA that dates back gets moments spread over a window, not one moment for all") {
    // 60 of 90 days are over when it comes, so that by its dates it would be due at once.
    const wall_time now = start + days(60);
    const wall_time earliest = now + days(10); // a third of what remains
    std::set<wall_time> moments;
    for (unsigned seed = 0; seed < 200; ++seed) {
        told_machine c;
        c.now = now;
        c.random = make_seeded_random(seed);
        c.tell(looked{});
        c.tell(begun("key1"));
        c.tell(issued_version(version(1, "a.example,b.example", start)));
        c.tell(made_live{});
        const auto step = c.tell(deployed{});
        REQUIRE(step.what == action::wait);
        moments.insert(step.when);
    }
    CHECK(*moments.begin() >= earliest);
    CHECK(*moments.rbegin() <= earliest + days(1));
    CHECK(moments.size() > 190);
    CHECK(*moments.begin() < earliest + hours(3));
    CHECK(*moments.rbegin() > earliest + hours(21));
}

TEST_CASE("what was dated back stays put over a restart") {
    told_machine c;
    c.now = start + days(60);
    c.tell(looked{});
    c.tell(begun("key1"));
    c.tell(issued_version(version(1, "a.example,b.example", start)));
    c.tell(made_live{});
    const wall_time planned = c.tell(deployed{}).when;
    told_machine after;
    after.now = c.now;
    after.random = make_seeded_random(99);
    CHECK(after.tell(looked{c.state.live, std::nullopt, c.state.job}).when == planned);
}
