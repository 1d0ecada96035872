#include "core/lifecycle/rate_ledger.hpp"

#include "core/lifecycle/registered_domain.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {
namespace {

using duration = token_bucket::duration;

constexpr std::array<std::string_view, 3> order_kinds{"fresh", "same_set", "ari"}; ///< by order_kind

/// How long a refusal without a moment is taken to last, at most.
constexpr duration unexplained = std::chrono::minutes(10);
/// Far above what any limit is believed for, and far below what overflows.
constexpr duration longest_wait = std::chrono::years(20);
/// Between the CA's clock and ours, when a refusal's moment is compared with a limit's interval.
constexpr duration skew = std::chrono::minutes(1);

std::vector<std::string> domains_of(const std::vector<identifier>& names) {
    std::vector<std::string> domains;
    for (const identifier& name : names) {
        domains.push_back(registered_domain(name));
    }
    std::sort(domains.begin(), domains.end());
    domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
    return domains;
}

/// The CA pauses a name when this bucket becomes empty: so the last token is never there for us.
rate before_pause(const rate& limit) {
    if (limit.capacity < 2) {
        return limit;
    }
    return {limit.capacity - 1, limit.period - limit.period / limit.capacity};
}

std::string in_words(const rate& limit, std::string_view what) {
    return fmt::format("{} {} per {}", limit.capacity, what, format_duration(limit.period));
}

} // namespace

std::string_view to_string(order_kind kind) noexcept {
    return order_kinds[static_cast<std::size_t>(kind)];
}

std::optional<order_kind> parse_order_kind(std::string_view text) noexcept {
    const auto found = std::find(order_kinds.begin(), order_kinds.end(), text);
    return found == order_kinds.end() ? std::nullopt
                                      : std::optional(static_cast<order_kind>(found - order_kinds.begin()));
}

std::string set_digest(const std::vector<identifier>& names) {
    return fmt::format("{:016x}", set_key(names));
}

rate_ledger::rate_ledger(const rate_limits& limits)
    : books_{book{"new_orders",
                  in_words(limits.new_orders, "new orders"),
                  limits.new_orders.capacity,
                  token_bucket(limits.new_orders),
                  {}},
             book{"certificates_per_domain",
                  in_words(limits.certificates_per_domain, "certificates"),
                  limits.certificates_per_domain.capacity,
                  token_bucket(limits.certificates_per_domain),
                  {}},
             book{"certificates_per_set",
                  in_words(limits.certificates_per_set, "certificates"),
                  limits.certificates_per_set.capacity,
                  token_bucket(limits.certificates_per_set),
                  {}},
             book{"failed_validations",
                  in_words(limits.failed_validations, "failed validations"),
                  limits.failed_validations.capacity,
                  token_bucket(limits.failed_validations),
                  {}},
             book{"consecutive_failures",
                  fmt::format("a pause by the CA after {} failed validations in a row",
                              limits.consecutive_failures.capacity),
                  limits.consecutive_failures.capacity,
                  token_bucket(before_pause(limits.consecutive_failures)),
                  {}}} {}

verdict_of_limits rate_ledger::earliest(const order_claim& claim, wall_time now) const {
    const bucket_time at = look(now);
    bucket_time latest = at;
    limit binding = limit::account;
    const identifier* whose = nullptr;
    const auto weigh = [&](limit which, std::uint64_t key, const identifier* name) {
        const book& limits = of(which);
        // Failures are not planned for.
        const unsigned tokens = which == limit::failures || which == limit::streak ? 1 : claim.orders;
        if (const bucket_time fits = limits.rule.earliest(limits.buckets.full_at(key), at, tokens);
            fits > latest) {
            latest = fits;
            binding = which;
            whose = name;
        }
    };
    // What is full has no bucket: a limit without buckets costs nothing, not even the hash of a name.
    const auto any = [&](limit which) { return of(which).buckets.size() > 0; };
    if (claim.kind == order_kind::fresh) {
        weigh(limit::account, account_key, nullptr);
        if (any(limit::domain)) {
            for (const identifier& name : claim.names) {
                weigh(limit::domain, bucket_key(registered_domain(name)), &name);
            }
        }
    }
    const bool exempt = claim.kind == order_kind::ari;
    if (!exempt && any(limit::set)) {
        weigh(limit::set, set_key(claim.names), nullptr);
    }
    if ((!exempt && any(limit::failures)) || any(limit::streak)) {
        for (const identifier& name : claim.names) {
            const std::uint64_t key = bucket_key(bare(name.value));
            if (!exempt) {
                weigh(limit::failures, key, &name);
            }
            weigh(limit::streak, key, &name);
        }
    }
    if (latest == at) {
        return {now, {}, false};
    }
    std::string why = of(binding).words;
    if (binding == limit::set) {
        why += " for exactly these names";
    } else if (whose != nullptr) {
        why += " for " + (binding == limit::domain ? registered_domain(*whose) : whose->base());
    }
    return {std::chrono::ceil<milliseconds>(latest), std::move(why), binding == limit::account};
}

spent_order rate_ledger::spend(const order_claim& claim, wall_time now) {
    const bucket_time at = begin(now);
    const std::uint64_t set = set_key(claim.names);
    spent_order spent{now, claim.kind, fmt::format("{:016x}", set), {}};
    if (claim.kind == order_kind::fresh) {
        spent.domains = domains_of(claim.names);
        take(limit::account, account_key, {}, at);
        for (const std::string& domain : spent.domains) {
            take(limit::domain, bucket_key(domain), domain, at);
        }
    }
    if (claim.kind != order_kind::ari) {
        take(limit::set, set, {}, at);
    }
    return spent;
}

void rate_ledger::give_back(const spent_order& spent, wall_time now) {
    const bucket_time at = begin(now);
    if (const auto set = parse_set_key(spent.set); set && spent.kind != order_kind::ari) {
        put_back(limit::set, *set, at);
    }
    for (const std::string& domain : spent.domains) {
        put_back(limit::domain, bucket_key(domain), at);
    }
}

void rate_ledger::fail_validation(std::string_view name, wall_time now) {
    const bucket_time at = begin(now);
    name = bare(name);
    const std::uint64_t key = bucket_key(name);
    take(limit::failures, key, name, at);
    take(limit::streak, key, name, at);
}

void rate_ledger::succeed(const std::vector<identifier>& names, wall_time now) {
    begin(now);
    bucket_table& streaks = of(limit::streak).buckets;
    for (const identifier& name : names) {
        streaks.erase(bucket_key(bare(name.value)));
    }
}

void rate_ledger::refused(const order_claim& claim, std::optional<wall_time> retry_after, wall_time now) {
    const bucket_time at = begin(now);
    const bool fresh = claim.kind == order_kind::fresh;
    const std::uint64_t set = set_key(claim.names);
    if (!retry_after) {
        const auto pause = [&](limit which, std::uint64_t key) {
            empty_until(which, key, {}, at + std::min(of(which).rule.interval(), unexplained), at);
        };
        pause(limit::set, set);
        if (fresh) {
            pause(limit::account, account_key);
        }
        return;
    }
    const duration wait =
        std::clamp<duration>(to_bucket_time(*retry_after) - to_bucket_time(now), duration(0), longest_wait);
    const auto can_mean = [&](limit which) {
        const token_bucket& rule = of(which).rule;
        return rule.limited() && wait <= rule.interval() * 2 + skew;
    };
    bool meant = false;
    if (fresh && can_mean(limit::account)) {
        empty_until(limit::account, account_key, {}, at + wait, at);
        meant = true;
    }
    if (fresh && can_mean(limit::domain)) {
        for (const std::string& domain : domains_of(claim.names)) {
            empty_until(limit::domain, bucket_key(domain), domain, at + wait, at);
        }
        meant = true;
    }
    if (!meant || can_mean(limit::set)) {
        empty_until(limit::set, set, {}, at + wait, at);
    }
}

void rate_ledger::take(limit which, std::uint64_t key, std::string_view subject, bucket_time now) {
    if (book& its = of(which); its.rule.limited()) {
        its.buckets.put(key, its.rule.take(its.buckets.full_at(key), now, now), subject, now);
    }
}

void rate_ledger::put_back(limit which, std::uint64_t key, bucket_time now) {
    book& its = of(which);
    if (const bucket_time full_at = its.buckets.full_at(key); full_at > now) {
        its.buckets.put(key, its.rule.give_back(full_at), {}, now);
    }
}

void rate_ledger::empty_until(limit which, std::uint64_t key, std::string_view subject, bucket_time until,
                              bucket_time now) {
    if (book& its = of(which); its.rule.limited()) {
        its.buckets.put(key, its.rule.empty_until(its.buckets.full_at(key), until, now), subject, now);
    }
}

} // namespace evercert::lifecycle
