#pragma once
// When something is worth telling: decisions from a snapshot, without clock and I/O.
#include "config/notify.hpp"
#include "core/lifecycle/engine.hpp"
#include "daemon/notify/notice.hpp"

#include <optional>
#include <vector>

namespace evercert::daemon {

/// What somebody has been told of a certificate and has not been taken back by `recovered`.
struct told_state {
    bool failing = false;
    bool expiring = false;
    wall_time since{}; ///< its trouble's beginning as far as known, told or not; the epoch: there is none

    [[nodiscard]] bool told() const noexcept { return failing || expiring; }
    [[nodiscard]] bool blank() const noexcept { return !told() && since == wall_time{}; }
    friend bool operator==(const told_state&, const told_state&) = default;
};

struct judgement {
    std::vector<config::news> tell; ///< of failing, expiring and recovered
    told_state then;                ///< once that is told
};

/// From when `expiring` is told of a certificate that is not renewed: `before` its end, a sixth of its
/// lifetime unless given (15 days of 90, 7 of 45, 27 hours of 160), but never before the window of its
/// renewal has closed.
wall_time expiring_from(wall_time not_before, wall_time not_after, std::optional<milliseconds> before);
/// Of the leaf that ends first; nullopt if there is none.
std::optional<wall_time> expiring_from(const lifecycle::certificate_status& one,
                                       std::optional<milliseconds> before);

/// What is to be told now. Failing is told after so many failures in a row as the rule says; at once, when
/// only a person can mend it (classes daily and never), when there is no certificate or it expires soon, and
/// when its files cannot be read. An order that the CA takes its time with is no failure before six hours.
/// Recovered follows only what was told, when a good certificate is in use and nothing fails.
judgement judge(const lifecycle::certificate_status& one, const told_state& before,
                const config::notification& rule, wall_time now);

/// Whether the rule is about this certificate.
bool concerns(const config::notification& rule, const lifecycle::certificate_status& one);

/// The words for it. `told` is what the event itself said, for `revoked`.
notice make_notice(config::news what, const lifecycle::certificate_status& one, const told_state& state,
                   const std::string& told, wall_time now);

} // namespace evercert::daemon
