// Failures without end: how long the daemon waits, and how often a CA is asked in vain.
#include "core/lifecycle/backoff.hpp"
#include "core/lifecycle/machine.hpp"
#include "tests/simulation/world.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace evercert;
using namespace evercert::lifecycle;
using namespace evercert::simulation;
using namespace std::chrono;

namespace {

const wall_time start = sys_days(year(2026) / 11 / 21);

machine_state without_certificate() {
    machine_state state;
    const simulation::options few{.certificates = 1, .faults = {}, .faults_text = "none", .trace = {}};
    managed_certificate wanted = *population(few).certificates.front();
    issuance_policy policy = *wanted.policy;
    policy.issuers = {"le"};
    wanted.policy = std::make_shared<const issuance_policy>(std::move(policy));
    state.wanted = std::make_shared<const managed_certificate>(std::move(wanted));
    return state;
}

order_failed failure(problem_class kind, milliseconds at_least = milliseconds(0)) {
    order_failed happened;
    happened.issuer = "le";
    happened.judged.kind = kind;
    happened.judged.at_least = at_least;
    happened.text = "it failed";
    return happened;
}

/// The waits between so many failures in a row, each tried as soon as the machine says.
std::vector<milliseconds> waits(problem_class kind, unsigned count, std::uint64_t seed) {
    const auto random = make_seeded_random(seed);
    machine_state state = without_certificate();
    wall_time now = start;
    next_step next = resume(state, looked{}, now, *random);
    std::vector<milliseconds> all;
    for (unsigned i = 0; i < count; ++i) {
        REQUIRE(next.what == action::order);
        next = resume(state, failure(kind), now, *random);
        REQUIRE(next.what == action::wait);
        all.push_back(next.when - now);
        now = next.when;
        next = resume(state, woken{}, now, *random);
    }
    return all;
}

/// A year in which one certificate's names do not resolve; the moments at which the CA failed to prove them.
std::vector<wall_time> failed_proofs(std::uint64_t seed, std::string faults) {
    auto chosen =
        parse_options({"--certificates", "1", "--seed", std::to_string(seed), "--faults", std::move(faults)});
    REQUIRE(chosen);
    world unlucky(*chosen);
    REQUIRE(unlucky.who().broken.size() == 1);
    unlucky.run();
    return unlucky.first_ca().failures_of(0);
}

} // namespace

TEST_CASE(
    "10,000 failures in a row: every wait lies between the floor and the cap, and none is like the next") {
    for (const problem_class kind : {problem_class::later, problem_class::daily, problem_class::never}) {
        const auto all = waits(kind, 10'000, 7);
        for (const milliseconds wait : all) {
            REQUIRE(wait >= shortest_backoff);
            REQUIRE(wait <= longest_backoff);
        }
        // Once the ladder is climbed: a day, and up to a tenth more.
        const std::set<milliseconds> later(all.begin() + 3, all.end());
        CHECK(*later.begin() >= days(1));
        CHECK(*later.rbegin() <= milliseconds(days(1)) * 11 / 10);
        CHECK(later.size() > 9'900);
        CHECK(*later.rbegin() - *later.begin() > milliseconds(days(1)) / 12);
    }
}

TEST_CASE("waits climb from a minute to a day") {
    const auto all = waits(problem_class::later, 5, 1);
    CHECK(all[0] <= minutes(1) + seconds(6));
    CHECK(all[1] >= minutes(10));
    CHECK(all[2] >= minutes(100));
    CHECK(all[3] >= days(1));
}

TEST_CASE("two certificates that fail together do not come back together") {
    CHECK(waits(problem_class::later, 100, 1) != waits(problem_class::later, 100, 2));
}

TEST_CASE("what a CA asks to wait is obeyed, but for no longer than the cap, however often") {
    const auto random = make_seeded_random(3);
    machine_state state = without_certificate();
    wall_time now = start;
    resume(state, looked{}, now, *random);
    for (unsigned i = 0; i < 10'000; ++i) {
        const next_step next = resume(state, failure(problem_class::later, days(3)), now, *random);
        REQUIRE(next.when - now >= days(3));
        REQUIRE(next.when - now <= longest_backoff);
        now = next.when;
    }
}

TEST_CASE("90 days without a resolving name: at most 95 tries, and never two within a minute") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto tries = failed_proofs(seed, "names");
        INFO("seed " << seed << ", " << tries.size() << " tries");
        REQUIRE(tries.size() > 20);
        CHECK(most_failures_in_90_days(tries) <= 95);
        for (std::size_t i = 1; i < tries.size(); ++i) {
            REQUIRE(tries[i] - tries[i - 1] >= minutes(1));
        }
    }
}

TEST_CASE(
    "90 days without a resolving name, with crashes, restarts and a wrong clock: still at most 95 tries") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto tries = failed_proofs(seed, "names,crashes,restarts,jumps,storms,outage");
        INFO("seed " << seed << ", " << tries.size() << " tries");
        CHECK(most_failures_in_90_days(tries) <= 95);
    }
}
