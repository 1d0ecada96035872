#pragma once
// How a certificate is, judged from its snapshot for people who look from afar. Pure.
#include "core/lifecycle/engine.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace evercert::daemon::status {

/// Worst first.
enum class health : std::uint8_t {
    expired,   ///< what is live is no longer valid
    revoked,   ///< what is live was revoked
    failing,   ///< the last try to order or to deploy failed
    expiring,  ///< past the moment at which it had to be renewed at the latest
    not_valid, ///< not valid yet: the CA's clock or ours is wrong
    working,   ///< being looked at, ordered or deployed now, or waiting in line for it
    missing,   ///< no certificate yet; its time has been set
    well,
};
inline constexpr std::array all_healths{health::expired,   health::revoked, health::failing, health::expiring,
                                        health::not_valid, health::working, health::missing, health::well};

health judge(const lifecycle::certificate_status& one, wall_time now);
/// Somebody should look.
constexpr bool needs_attention(health how) noexcept {
    return how < health::working;
}
/// One word for labels and addresses: "not_valid".
std::string_view to_string(health how) noexcept;
/// For people: "not valid yet".
std::string_view words_for(health how) noexcept;

} // namespace evercert::daemon::status
