#pragma once
// What a simulated year holds: how many certificates, which faults, and when each comes. All of it follows
// from the seed.
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::simulation {

enum class fault {
    outage,     ///< the CA refuses connections for a day
    storms,     ///< twice, the CA answers 429 with Retry-After to everything for some hours
    slow,       ///< for a week the CA takes an hour for each order
    revocation, ///< a tenth of all certificates is revoked at once, behind our back
    jumps,      ///< the wall clock goes 2 d ahead and back, 1 h behind, 400 d ahead for a minute
    restarts,   ///< the daemon is stopped and started
    crashes,    ///< the machine dies in the middle of something
    disk,       ///< the disk is full for an hour
    deployment, ///< a server refuses every new certificate for some hours
    names,      ///< a few names do not resolve for 90 days
    losses,     ///< one answer in a thousand is lost, all year
};
std::string_view to_string(fault what) noexcept;

struct options {
    unsigned certificates = 2000;
    std::uint64_t seed = 1;
    unsigned seeds = 1; ///< years to simulate, with seeds counted up from `seed`
    unsigned days = 365;
    std::set<fault> faults;
    std::string faults_text = "all"; ///< as given
    bool onboarding = false;         ///< all certificates from nothing, no faults
    double ari_share = 0.05;         ///< of the certificates the CA tells when to renew them
    bool show_events = false;
    std::string trace; ///< certificate whose events are printed
};

/// From the command line. errc::invalid_argument says what is wrong.
result<options> parse_options(const std::vector<std::string>& arguments);
/// The command that repeats this year.
std::string replay_command(const options& of);

struct span {
    wall_time from;
    wall_time to;
    [[nodiscard]] bool holds(wall_time when) const noexcept { return from <= when && when < to; }
};

/// A wall clock that is wrong by `ahead`.
struct wrong_clock {
    span when;
    milliseconds ahead;
};

/// When what goes wrong.
struct fault_plan {
    std::vector<span> outages;
    std::vector<span> storms;
    std::vector<span> slow_weeks;
    std::vector<wall_time> revocations;
    std::vector<wrong_clock> wrong_clocks;
    std::vector<wall_time> restarts;
    std::vector<wall_time> crashes;
    std::vector<span> full_disks;
    std::vector<span> refusing_servers;

    /// What comes when, a line each.
    [[nodiscard]] std::vector<std::string> lines() const;
    /// All of these, each with what follows from it, in which the load may be uneven.
    [[nodiscard]] std::vector<span> disturbed() const;
};

/// The faults do not overlap, but for restarts and crashes, which come at any time, also in the others.
fault_plan make_plan(const options& of, wall_time start, random_source& random);

} // namespace evercert::simulation
