// Simulates years of evercert's engine and says what came of them; see README.md.
#include "tests/simulation/report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

namespace {

using namespace evercert;
using namespace evercert::simulation;

constexpr const char* usage = "usage: simulate [--certificates N] [--seed S] [--seeds COUNT] [--days D] "
                              "[--ari SHARE] [--faults all|none|LIST]\n"
                              "                [--events] [--trace CERTIFICATE]\n"
                              "       simulate --onboard N [--seed S]\n"
                              "faults: outage storms slow revocation jumps restarts crashes disk deployment "
                              "names losses (comma between them)\n";

/// True when all held.
bool simulate(const options& chosen, std::size_t& checks) {
    fmt::print("{}\n", replay_command(chosen));
    world year(chosen);
    year.run();
    const report made = chosen.onboarding ? report_onboarding(year) : report_year(year);
    fmt::print("{}", made.table);
    for (const check& one : made.checks) {
        fmt::print("  {} {}\n", one.passed ? "PASS" : "FAIL", one.what);
    }
    checks += made.checks.size();
    if (!made.passed()) {
        fmt::print("FAILED; replay with: {}\n", replay_command(chosen));
    }
    std::fflush(stdout);
    return made.passed();
}

} // namespace

int main(int count, char** values) {
    const auto chosen = parse_options({values + 1, values + count});
    if (!chosen) {
        fmt::print(stderr, "simulate: {}\n{}", chosen.error().message, usage);
        return 2;
    }
    unsigned failed = 0;
    std::size_t checks = 0;
    for (unsigned i = 0; i < chosen->seeds; ++i) {
        options one = *chosen;
        one.seed += i;
        one.seeds = 1;
        failed += simulate(one, checks) ? 0 : 1;
    }
    fmt::print("simulated {} years of {} certificates, {} checks, {} failed\n", chosen->seeds,
               chosen->certificates, checks, failed);
    return failed == 0 ? 0 : 1;
}
