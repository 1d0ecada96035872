// When the CA has a word on renewing, and what it may not do.
#include "core/lifecycle/due.hpp"
#include "core/lifecycle/renewal.hpp"
#include "tests/core/lifecycle/machine_fixture.hpp"

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::testing;
using namespace std::chrono;

namespace {

renewal_info_seen window(wall_time from, wall_time to, unsigned leaf = 1) {
    return renewal_info_seen{"fp" + std::to_string(leaf), from, to, "https://ca.example/why"};
}

} // namespace

TEST_CASE("the CA's window replaces our own, and its moment is drawn once") {
    told_machine c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    const wall_time from = machine_start + days(30);
    auto step = c.tell(window(from, from + days(2)));
    CHECK(step.what == action::wait);
    CHECK(step.why == cause::renewal_info);
    CHECK(step.when >= from);
    CHECK(step.when <= from + days(2));
    CHECK(step.reason.find("https://ca.example/why") != std::string::npos);
    const wall_time drawn = step.when;
    for (int i = 0; i < 20; ++i) {
        CHECK(c.tell(window(from, from + days(2))).when == drawn);
    }
    told_machine after;
    after.random = make_seeded_random(5);
    CHECK(after.tell(looked{c.state.live, std::nullopt, c.state.job}).when == drawn);
    c.now = drawn;
    step = c.tell(woken{});
    CHECK(step.what == action::order);
    CHECK(step.why == cause::renewal_info);
    CHECK(kind_of_order(c.state, "ca", key_type::ecdsa_p256, c.now) == order_kind::ari);
}

TEST_CASE("moments are spread over the window") {
    const wall_time from = machine_start + days(30);
    wall_time earliest = wall_time::max();
    wall_time latest = wall_time::min();
    for (unsigned seed = 0; seed < 200; ++seed) {
        told_machine c;
        c.random = make_seeded_random(seed);
        c.tell(looked{version(1), std::nullopt, std::nullopt});
        const wall_time when = c.tell(window(from, from + hours(100))).when;
        earliest = std::min(earliest, when);
        latest = std::max(latest, when);
    }
    CHECK(earliest < from + hours(5));
    CHECK(latest > from + hours(95));
}

TEST_CASE("a window that moves is drawn anew, one in the past is due at once") {
    told_machine c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    c.tell(window(machine_start + days(30), machine_start + days(31)));
    const auto step = c.tell(window(machine_start - days(3), machine_start - days(2)));
    CHECK(step.what == action::order);
    // The window is over, so the CA counts it as an ordinary renewal of the same names.
    CHECK(kind_of_order(c.state, "ca", key_type::ecdsa_p256, c.now) == order_kind::same_set);
}

TEST_CASE("a window never puts a renewal off beyond the safety limit") {
    told_machine c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    const auto last = latest_renewal(c.state.live->not_before(), c.state.live->not_after());
    const auto limited = c.tell(window(machine_start + days(88), machine_start + days(400)));
    CHECK(limited.when == last);
    CHECK(limited.reason.find("does not wait for the CA's window") != std::string::npos);
    CHECK(last == machine_start + days(75));
    // A little later than our own moment is the CA's to say.
    const auto step = c.tell(window(machine_start + days(70), machine_start + days(71)));
    CHECK(step.when >= machine_start + days(70));
    CHECK(step.when <= machine_start + days(71));
}

TEST_CASE("a window that ends before it begins is not taken in") {
    told_machine c;
    c.tell(looked{});
    const auto own = c.issue_and_deploy(1).when;
    CHECK(c.tell(window(machine_start + days(31), machine_start + days(30))).when == own);
    CHECK(c.tell(window(machine_start + days(30), machine_start + days(30))).when == own);
    CHECK(c.tell(window(machine_start - days(3), machine_start - days(2), 77)).when ==
          own); // of no leaf of ours
    CHECK(c.state.job.renewal_info.empty());
}

TEST_CASE("a CA whose windows are always past is followed ever more slowly") {
    told_machine c;
    c.tell(looked{});
    c.issue_and_deploy(1);
    std::vector<milliseconds> waits;
    for (unsigned number = 2; number < 8; ++number) {
        const auto step = c.tell(window(c.now - days(3), c.now - days(2), number - 1));
        const wall_time due = step.what == action::order ? c.now : step.when;
        waits.push_back(due - c.now);
        c.now = due;
        REQUIRE(c.tell(woken{}).what == action::order);
        c.issue_and_deploy(number);
    }
    CHECK(waits[0] == milliseconds(0));
    CHECK(waits[1] == minutes(10));
    CHECK(waits[2] == minutes(100));
    CHECK(waits[3] == hours(24));
    CHECK(waits[5] == hours(24));
}

TEST_CASE("of several leaves the earliest window counts, and windows of old leaves are forgotten") {
    told_machine c;
    c.state.wanted = changed(c.state.wanted, [](auto&, auto& policy) {
        policy.keys = {key_type::ecdsa_p256, key_type::rsa_2048};
    });
    c.tell(looked{});
    version_facts both = version(1);
    leaf_facts rsa = leaf_of(100, machine_start);
    rsa.key = key_type::rsa_2048;
    both.leaves.push_back(rsa);
    c.tell(issued_version(both));
    c.tell(made_live{});
    c.tell(deployed{});
    c.tell(window(machine_start + days(50), machine_start + days(51), 1));
    const auto step = c.tell(window(machine_start + days(20), machine_start + days(21), 100));
    CHECK(step.when <= machine_start + days(21));
    CHECK(c.state.job.renewal_info.size() == 2);
    c.now = step.when;
    CHECK(kind_of_order(c.state, "ca", key_type::rsa_2048, c.now) == order_kind::ari);
    CHECK(kind_of_order(c.state, "ca", key_type::ecdsa_p256, c.now) == order_kind::same_set);
    c.tell(issued_version(version(2, "a.example,b.example", c.now)));
    CHECK(c.state.job.renewal_info.empty());
}

TEST_CASE("an order replaces only what came from the same issuer, with a name in common") {
    told_machine c;
    c.prefer({"ca", "other"});
    c.tell(looked{});
    c.issue_and_deploy(1);
    CHECK(replaced_leaf(c.state, "ca", key_type::ecdsa_p256) != nullptr);
    CHECK(replaced_leaf(c.state, "other", key_type::ecdsa_p256) == nullptr);
    CHECK(replaced_leaf(c.state, "ca", key_type::rsa_2048) == nullptr);
    CHECK(kind_of_order(c.state, "other", key_type::ecdsa_p256, c.now) == order_kind::fresh);
    CHECK(kind_of_order(c.state, "ca", key_type::ecdsa_p256, c.now) == order_kind::same_set);
    c.state.wanted = changed(
        c.state.wanted, [](auto& wanted, auto&) { wanted.names.push_back(*parse_identifier("c.example")); });
    CHECK(replaced_leaf(c.state, "ca", key_type::ecdsa_p256) != nullptr);
    CHECK(kind_of_order(c.state, "ca", key_type::ecdsa_p256, c.now) == order_kind::fresh);
    c.state.wanted = changed(
        c.state.wanted, [](auto& wanted, auto&) { wanted.names = {*parse_identifier("elsewhere.example")}; });
    CHECK(replaced_leaf(c.state, "ca", key_type::ecdsa_p256) == nullptr);
}
