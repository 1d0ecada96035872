#pragma once
// A certificate at rest: what is kept in memory while nothing is due. 100,000 of them fit in some ten
// megabytes; all else is read from the files again when it is wanted.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/machine.hpp"

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

/// Texts that many certificates share (issuers, CRLs); they live as long as the pool.
class text_pool {
public:
    const std::string* operator()(std::string_view text) {
        const auto at = texts_.find(text);
        return at != texts_.end() ? &*at : &*texts_.emplace(text).first;
    }

private:
    std::set<std::string, std::less<>> texts_;
};

/// Up to 20 octets written as lower-case hex: serials and key identifiers (RFC 5280 section 4.1.2.2). Longer
/// ones count as empty.
class short_octets {
public:
    short_octets() = default;
    explicit short_octets(std::string_view hex);
    [[nodiscard]] std::string hex() const;

private:
    std::uint8_t size_ = 0;
    std::array<std::uint8_t, 20> bytes_{};
};

/// A leaf as far as watching and showing it goes.
struct resting_leaf {
    key_type key = key_type::ecdsa_p256;
    short_octets serial;
    std::array<std::uint8_t, 32> fingerprint{};
    const std::string* issuer_name = nullptr;
    const std::string* authority_id = nullptr;
    const std::string* crl_url = nullptr;
    wall_time not_before;
    wall_time not_after;
    wall_time window_start; ///< the CA's word on when to renew; both the epoch if there is none
    wall_time window_end;

    [[nodiscard]] std::string fingerprint_hex() const;
    [[nodiscard]] bool has_window() const noexcept { return window_start < window_end; }
};

struct resting_facts {
    unsigned version = 0;
    cause why = cause::none; ///< of what comes next
    bool deployed = false;
    const std::string* issuer = nullptr; ///< where it came from; may be empty
    wall_time due;                       ///< next step
    milliseconds put_off{0};             ///< what a jump of the clock made due is not done in one go
    std::optional<wall_time> last_success;
    resting_leaf first;
    std::vector<resting_leaf> others; ///< of further key types
};

/// When the next step is taken: `due`, put off as far as the certificate's life allows.
wall_time next_of(const resting_facts& facts);

/// Whether nothing of this state is lost when only the facts are kept: a good certificate, no failures, no
/// orders, no holds, nothing to deploy or to revoke.
bool may_rest(const machine_state& state, const next_step& next);
resting_facts facts_to_rest(const machine_state& state, const next_step& next, text_pool& pool);
/// The same from a record that fits the live link, without reading the certificates; nullopt when they must
/// be read.
std::optional<resting_facts> facts_from_record(const storage::job_record& job,
                                               const managed_certificate& wanted, wall_time now,
                                               text_pool& pool);

} // namespace evercert::lifecycle
