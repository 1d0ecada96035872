#pragma once
// All certificates in few bytes each: what counting, sorting and metrics need of them.
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "core/lifecycle/engine.hpp"
#include "daemon/status/health.hpp"
#include "daemon/status/query.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace evercert::daemon::status {

struct row {
    std::string name;
    wall_time from{};  ///< of the live leaf; the epoch if there is none
    wall_time until{}; ///< likewise
    wall_time next{};  ///< the epoch: nothing is planned, or it is under way
    wall_time last_success{};
    std::uint32_t failures = 0;
    std::uint32_t deploy_failures = 0;
    std::uint16_t issuer = 0; ///< in survey::issuers
    health how = health::well;
    lifecycle::state where = lifecycle::state::starting;
};

/// Values of one moment.
struct survey {
    wall_time made{};
    std::vector<row> rows;                                ///< those that were searched for, by name
    std::vector<std::string> issuers;                     ///< that rows name
    std::array<std::size_t, all_healths.size()> counts{}; ///< of all rows, by health
    std::size_t all = 0;                                  ///< certificates, searched for or not
    wall_time next_renewal{};                             ///< the soonest; the epoch: none

    [[nodiscard]] std::size_t count(health how) const { return counts.at(static_cast<std::size_t>(how)); }
    [[nodiscard]] std::size_t count(group which) const;
    void add(const lifecycle::certificate_status& one);
};

bool belongs(health how, group which) noexcept;
/// Whether a certificate is meant: the text is in its name, in one of its names or in its issuer's.
bool matches(const lifecycle::certificate_status& one, std::string_view search);

/// Indexes into rows: of a group, sorted, the given page of so many. Looks at all, sorts only what it needs.
struct chosen_rows {
    std::vector<std::uint32_t> rows;
    std::size_t matching = 0;
    std::size_t page = 1;
    std::size_t pages = 1; ///< at least one
};
chosen_rows choose(const survey& from, const query& what, std::size_t page_size);
/// The worst first; at most so many.
std::vector<std::uint32_t> worst_of(const survey& from, std::size_t most);

/// Walks over all certificates in small steps, between which the loop does other things, one walk at a time.
/// What a walk has found is used again for twenty times as long as it took: looking costs at most a twentieth
/// of a processor, and few certificates are always seen as they are.
///
/// Loop thread only; the engine and the time must outlive every look under way. Cancelling ends the walk.
class surveyor {
public:
    surveyor(asio::any_io_executor executor, const lifecycle::engine& engine, time_source& time);
    ~surveyor();
    surveyor(const surveyor&) = delete;
    surveyor& operator=(const surveyor&) = delete;

    /// Those that match `search`, or all.
    awaitable<std::shared_ptr<const survey>> look(std::string search);
    /// Forgets what is too old to be used again.
    void tidy();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace evercert::daemon::status
