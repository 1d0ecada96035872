#include "core/lifecycle/resting.hpp"

#include "core/lifecycle/due.hpp"
#include "core/lifecycle/machine_events.hpp"

#include <algorithm>
#include <limits>

namespace evercert::lifecycle {
namespace {

int value_of(char digit) noexcept {
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/// False if it is no lower-case hex that fits.
bool from_hex(std::string_view hex, std::uint8_t* into, std::size_t room) noexcept {
    if (hex.size() % 2 != 0 || hex.size() / 2 > room) {
        return false;
    }
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = value_of(hex[i]);
        const int low = value_of(hex[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        into[i / 2] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

std::string to_hex(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * size);
    for (std::size_t i = 0; i < size; ++i) {
        hex.push_back(digits[bytes[i] >> 4U]);
        hex.push_back(digits[bytes[i] & 15U]);
    }
    return hex;
}

resting_leaf leaf_at_rest(const leaf_facts& leaf, const storage::job_record& job, text_pool& pool) {
    resting_leaf kept;
    kept.key = leaf.key;
    kept.serial = short_octets(leaf.serial);
    from_hex(leaf.fingerprint, kept.fingerprint.data(), kept.fingerprint.size());
    kept.issuer_name = pool(leaf.issuer_name);
    kept.authority_id = pool(leaf.authority_id);
    kept.crl_url = pool(leaf.crl_url);
    kept.not_before = leaf.not_before;
    kept.not_after = leaf.not_after;
    const auto window =
        std::ranges::find(job.renewal_info, leaf.fingerprint, &storage::renewal_info_record::fingerprint);
    if (window != job.renewal_info.end()) {
        kept.window_start = window->start;
        kept.window_end = window->end;
    }
    return kept;
}

} // namespace

short_octets::short_octets(std::string_view hex) {
    if (from_hex(hex, bytes_.data(), bytes_.size())) {
        size_ = static_cast<std::uint8_t>(hex.size() / 2);
    }
}

std::string short_octets::hex() const {
    return to_hex(bytes_.data(), size_);
}

std::string resting_leaf::fingerprint_hex() const {
    return to_hex(fingerprint.data(), fingerprint.size());
}

wall_time next_of(const resting_facts& facts) {
    if (facts.put_off == milliseconds(0)) {
        return facts.due;
    }
    const wall_time limit = latest_renewal(facts.first.not_before, facts.first.not_after);
    return std::min(facts.due + facts.put_off, std::max(facts.due, limit));
}

bool may_rest(const machine_state& state, const next_step& next) {
    const storage::job_record& job = state.job;
    return state.looked && next.what == action::wait && state.live && !state.staged && state.holds.empty() &&
           job.troubles.empty() && job.orders.empty() && !job.revoking && job.deploy_failures == 0 &&
           job.deploying == 0 && job.renew_reason.empty();
}

resting_facts facts_to_rest(const machine_state& state, const next_step& next, text_pool& pool) {
    resting_facts facts;
    facts.version = state.live->number;
    facts.why = next.why;
    facts.deployed =
        !state.wanted->policy->has_deployments() || state.job.deployed == state.live->first().fingerprint;
    facts.issuer = pool(state.job.issuer);
    facts.due = next.when;
    facts.last_success = state.job.last_success;
    for (const leaf_facts& leaf : state.live->leaves) {
        resting_leaf kept = leaf_at_rest(leaf, state.job, pool);
        if (&leaf == &state.live->leaves.front()) {
            facts.first = kept;
        } else {
            facts.others.push_back(kept);
        }
    }
    return facts;
}

std::optional<resting_facts> facts_from_record(const storage::job_record& job,
                                               const managed_certificate& wanted, wall_time now,
                                               text_pool& pool) {
    machine_state state;
    state.wanted = certificate_ptr(certificate_ptr(), &wanted); // for the deciding only
    // With nothing drawn there is nothing for chance to do.
    if (!job.renew_at || !job.live || job.renew_for != job.live->first().fingerprint) {
        return std::nullopt;
    }
    const auto no_chance = make_seeded_random(0);
    const next_step next = resume(state, looked{job.live, std::nullopt, job}, now, *no_chance);
    if (!may_rest(state, next) || next.when <= now) {
        return std::nullopt;
    }
    return facts_to_rest(state, next, pool);
}

} // namespace evercert::lifecycle
