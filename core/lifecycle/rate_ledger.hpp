#pragma once
// What of a CA's published limits is used up, and when the next order fits. Pure: no I/O, no clock of its
// own.
#include "core/base/time.hpp"
#include "core/lifecycle/bucket_table.hpp"
#include "core/lifecycle/token_bucket.hpp"
#include "core/model/identifier.hpp"
#include "core/model/rate_limits.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::lifecycle {

/// What a new order is to the CA's limits (letsencrypt.org/docs/rate-limits); the costliest first.
enum class order_kind {
    fresh,    ///< counts for the account, for each registered domain and for its set of names
    same_set, ///< this account has lately had a certificate for exactly these names: counts for the set only
    ari       ///< inside the CA's own window and with `replaces`: counts for nothing
};

/// "fresh", "same_set", "ari": as records have it.
std::string_view to_string(order_kind kind) noexcept;
/// Nothing for other text.
std::optional<order_kind> parse_order_kind(std::string_view text) noexcept;

struct order_claim {
    std::vector<identifier> names;
    order_kind kind = order_kind::fresh;
    /// That belong together, one for each key type: a part of them is of no use. Only `earliest` looks at it.
    unsigned orders = 1;
};

/// One order that was sent, as a job record keeps it: enough to rebuild the ledger after a restart.
struct spent_order {
    wall_time when;
    order_kind kind = order_kind::fresh;
    std::string set;                  ///< set_digest() of the names; empty once it was given back
    std::vector<std::string> domains; ///< of a fresh one: its registered domains, sorted, unique; likewise

    friend bool operator==(const spent_order&, const spent_order&) = default;
};

struct failed_validation {
    wall_time when;
    std::string name;

    friend bool operator==(const failed_validation&, const failed_validation&) = default;
};

struct verdict_of_limits {
    wall_time when;  ///< the first moment it fits; the moment of asking if that is at once
    std::string why; ///< the limit that binds: "50 certificates per 7d for example.com"; empty if at once
    bool account_wide = false; ///< that limit is on every fresh order of the account
};

/// 16 hexadecimal digits, equal for equal sets of names, whatever their order.
std::string set_digest(const std::vector<identifier>& names);

/// One issuer's limits, for one account. Whatever the CA counts that the ledger does not see (other clients,
/// other accounts) comes in by `refused`. A limit that the rate_limits do not set does not exist and keeps no
/// memory; a bucket that is full again keeps none either, see bucket_table. `requests` and
/// `concurrent_orders` are not its work.
///
/// Names count with and without "*." as one.
///
/// Wall time may jump. Set forward, it fills what that time would have filled: a bucket, once. Set back
/// behind the last change by more than a minute, all buckets are moved back with it, so that what was to be
/// waited for still is, and no more; up to a minute is waited for. Questions may be about the future: they
/// change nothing.
class rate_ledger {
public:
    explicit rate_ledger(const rate_limits& limits);

    /// When an order (or all of those that belong together) fits all limits. The CA's own renewals (ari) wait
    /// for nothing but a name that is about to be paused. Asking takes nothing: of two claims that fit, the
    /// second may not after `spend` for the first.
    [[nodiscard]] verdict_of_limits earliest(const order_claim& claim, wall_time now) const;

    /// Takes what the order costs, whether it fits or not, and returns what to keep. To be called once per
    /// order, before it is sent; an order that the CA then does not accept stays counted.
    spent_order spend(const order_claim& claim, wall_time now);
    /// The order has ended without a certificate, and domains and sets count certificates. For the account it
    /// stays counted.
    void give_back(const spent_order& spent, wall_time now);
    /// True while `spent` still tells something: one of the buckets it took from has not been full since.
    /// What is dropped earlier makes the ledger after a restart believe in tokens that are not there.
    [[nodiscard]] bool needed(const spent_order& spent, wall_time now) const;
    [[nodiscard]] bool needed(const failed_validation& failed, wall_time now) const;

    /// A validation failed: towards `failed_validations` and `consecutive_failures`.
    void fail_validation(std::string_view name, wall_time now);
    /// Validated: a row of failures ends.
    void succeed(const std::vector<identifier>& names, wall_time now);

    // From records, each one once, before the ledger is used: the order of these calls does not matter then,
    // because all are played by their time at the first other call. What comes later, with a certificate that
    // was added, is counted on top of what is there, as if it were newer than that. A moment in the future
    // counts as now, and is not believed at all if it lies more than the limit's period ahead.
    void restore(const spent_order& spent, wall_time now);
    void restore(const failed_validation& failed, wall_time now);
    /// `count` failures in a row, the last one at `last`: taken to have come together, the most they can have
    /// cost.
    void restore_consecutive(std::string_view name, unsigned count, wall_time last, wall_time now);

    /// What `before` knows, under these limits: as many tokens are missing as there. Before the first use.
    void take_over(const rate_ledger& before, wall_time now);

    /// The CA refused an order (429) that seemed to fit. With its own moment, the limits which can have meant
    /// it (a token of theirs is never further away than one refill, with a margin) are empty until then; the
    /// set's if it is too far away for all. Without a moment it is unknown what bound: the account and the
    /// set pause for a refill, ten minutes at most. A moment further away than a limit's period is believed
    /// for that period.
    void refused(const order_claim& claim, std::optional<wall_time> retry_after, wall_time now);

    /// Buckets in memory.
    [[nodiscard]] std::size_t size() const;

    /// How full a bucket is, for people.
    struct level {
        std::string limit; ///< as the configuration names it: "new_orders", "certificates_per_domain" ...
        std::string
            subject; ///< domain or name (from a record: foreign text), digest of a set; empty for the account
        unsigned capacity = 0;
        double left = 0;
        wall_time full_again; ///< `now` if it is
    };
    /// The account's, then at most `most` others that are not full, emptiest first. Looks at every bucket:
    /// for people who ask, not for each order.
    [[nodiscard]] std::vector<level> levels(wall_time now, std::size_t most = 20) const;

private:
    enum class limit : std::uint8_t { account, domain, set, failures, streak };
    /// All buckets of one limit.
    struct book {
        std::string_view title; ///< the configuration's word
        std::string words;      ///< "50 certificates per 7d"
        unsigned capacity = 0;  ///< as published
        token_bucket rule;
        bucket_table buckets;
    };
    struct past_event {
        bucket_time when;
        limit of{};
        std::uint64_t key = 0;
        std::string subject;
    };

    static constexpr std::uint64_t account_key = 1; ///< the only one in its book

    [[nodiscard]] book& of(limit which) const { return books_[static_cast<std::size_t>(which)]; }
    /// "*.example.com" counts as "example.com".
    [[nodiscard]] static std::string_view bare(std::string_view name) noexcept {
        return name.starts_with("*.") ? name.substr(2) : name;
    }
    bucket_time tick(wall_time now) const;
    bucket_time begin(wall_time now);
    bucket_time look(wall_time now) const;
    void play_past() const;
    void take(limit which, std::uint64_t key, std::string_view subject, bucket_time now);
    void take_past(limit which, std::uint64_t key, std::string_view subject, wall_time when, wall_time now);
    void put_back(limit which, std::uint64_t key, bucket_time now);
    void empty_until(limit which, std::uint64_t key, std::string_view subject, bucket_time until,
                     bucket_time now);
    [[nodiscard]] bool full(limit which, std::uint64_t key, bucket_time now) const;

    // What was restored is played, and a clock set back is noticed, when the ledger is asked: hence mutable.
    mutable std::array<book, 5> books_; ///< by `limit`
    mutable std::vector<past_event> past_;
    mutable bucket_time played_until_{};
    mutable bucket_time latest_{}; ///< moment of a change
};

} // namespace evercert::lifecycle
