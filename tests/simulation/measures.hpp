#pragma once
// What is watched while the year goes by.
#include "core/ports/event_sink.hpp"
#include "tests/simulation/ca.hpp"
#include "tests/simulation/disk.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::simulation {

/// A certificate whose servers had nothing but an expired one.
struct expiry {
    unsigned certificate;
    wall_time expired;
    wall_time replaced; ///< the end of the year if it was not
};

/// How long it took until all of those concerned had a new certificate.
struct recovery {
    std::string what;
    wall_time since;
    std::vector<std::uint8_t> concerned; ///< by certificate
    std::size_t waiting = 0;
    std::vector<milliseconds> took; ///< of those who have one, ascending

    recovery(std::string name, wall_time from, std::size_t certificates)
        : what(std::move(name)), since(from), concerned(certificates, 0) {}
    void add(unsigned certificate) {
        waiting += concerned[certificate] == 0 ? 1 : 0;
        concerned[certificate] = 1;
    }
    /// When it is so many hundredths of the whole.
    [[nodiscard]] milliseconds until(unsigned percent) const;
};

/// Follows the live links.
class live_watch {
public:
    explicit live_watch(const population& who) : who_(who) {}

    void note(unsigned certificate, const disk_version* before, const disk_version& now, wall_time when);
    /// What is live when the year ends.
    void finish(const std::vector<shelf>& shelves, wall_time end);
    recovery& begin_recovery(std::string what, wall_time since);

    [[nodiscard]] const std::vector<expiry>& expired() const noexcept { return expired_; }
    [[nodiscard]] const std::vector<expiry>& expired_with_reason() const noexcept {
        return expired_with_reason_;
    }
    [[nodiscard]] const std::vector<recovery>& recoveries() const noexcept { return recoveries_; }
    [[nodiscard]] std::size_t first_time_live() const noexcept { return first_; }
    [[nodiscard]] wall_time last_first_live() const noexcept { return last_first_; }

private:
    void judge(unsigned certificate, wall_time not_after, wall_time replaced);

    const population& who_;
    std::vector<expiry> expired_;
    std::vector<expiry> expired_with_reason_; ///< its names did not resolve
    std::vector<recovery> recoveries_;
    std::size_t first_ = 0;
    wall_time last_first_;
};

/// Counts what the daemon reports; prints what concerns one certificate. If neither a trace nor all is
/// wanted, only what is wrong is read: putting the words of a year together takes a twentieth of it.
class counting_events final : public event_sink {
public:
    counting_events(const time_source& time, std::string trace, bool all)
        : time_(time), trace_(std::move(trace)), all_(all) {}
    void emit(const event& what) override;
    [[nodiscard]] bool reads(severity level) const noexcept override {
        return all_ || !trace_.empty() || level > severity::info;
    }
    [[nodiscard]] std::map<std::string_view, std::uint64_t> counts() const;

private:
    struct count {
        std::string_view id;
        std::uint64_t number;
    };
    const time_source& time_;
    std::string trace_;
    bool all_;
    std::vector<count> counts_;
};

/// The load outside of faults, in windows of so many hours that the mean of a window is not a handful: an
/// hour for a large installation.
struct load {
    unsigned hours = 1;
    double mean = 0; ///< orders in such a window
    double most = 0;
    wall_time most_at;
    std::size_t windows = 0;
    double most_in_faults = 0;
};
load measure_load(const std::vector<const sim_ca*>& cas, const std::vector<span>& disturbed, wall_time start,
                  wall_time end);

/// What became of the orders that the CAs accepted.
struct order_fates {
    std::uint64_t finished = 0;
    std::uint64_t ended_by_ca = 0; ///< a validation failed
    std::uint64_t under_way = 0;   ///< in a record when the year ended
    std::uint64_t never_heard =
        0; ///< the answer was lost, or the disk was full, and no other order was made of it
    std::uint64_t crashed = 0;       ///< the machine died before the URL was recorded
    std::uint64_t most_by_crash = 0; ///< of these, by one crash at one account
    std::uint64_t refused = 0; ///< the certificate came while the daemon's clock was too wrong to take it
    std::uint64_t left =
        0; ///< its CA failed before a certificate was asked for, and another CA issued instead
    std::uint64_t lost = 0; ///< recorded, and then forgotten
    std::vector<std::string> examples;
};
order_fates trace_orders(const std::vector<const sim_ca*>& cas, const std::vector<shelf>& shelves,
                         const std::vector<wall_time>& crashes);

/// Most tries in any 90 days to prove the names of one certificate at one CA that then failed.
unsigned most_failures_in_90_days(const std::vector<wall_time>& failures);

} // namespace evercert::simulation
