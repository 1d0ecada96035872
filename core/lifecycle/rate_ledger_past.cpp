// What the ledger takes from records, and what its time is.
#include "core/lifecycle/rate_ledger.hpp"

#include <algorithm>

namespace evercert::lifecycle {
namespace {

/// A clock that is being disciplined goes back by less.
constexpr token_bucket::duration patience = std::chrono::minutes(1);

} // namespace

void rate_ledger::restore(const spent_order& spent, wall_time now) {
    if (spent.kind == order_kind::fresh) {
        take_past(limit::account, account_key, {}, spent.when, now);
        for (const std::string& domain : spent.domains) {
            take_past(limit::domain, bucket_key(domain), domain, spent.when, now);
        }
    }
    if (const auto set = parse_set_key(spent.set); set && spent.kind != order_kind::ari) {
        take_past(limit::set, *set, {}, spent.when, now);
    }
}

void rate_ledger::restore(const failed_validation& failed, wall_time now) {
    const std::string_view name = bare(failed.name);
    take_past(limit::failures, bucket_key(name), name, failed.when, now);
}

void rate_ledger::restore_consecutive(std::string_view name, unsigned count, wall_time last, wall_time now) {
    const bucket_time at = tick(now);
    book& streaks = of(limit::streak);
    const auto ago = to_bucket_time(now) - to_bucket_time(last);
    if (-ago > streaks.rule.depth()) {
        return;
    }
    name = bare(name);
    const std::uint64_t key = bucket_key(name);
    const bucket_time full_at = at - std::max(ago, token_bucket::duration(0)) +
                                streaks.rule.interval() * std::min(count, streaks.rule.capacity());
    if (full_at > std::max(at, streaks.buckets.full_at(key))) {
        streaks.buckets.put(key, full_at, name, at);
    }
}

void rate_ledger::take_past(limit which, std::uint64_t key, std::string_view subject, wall_time when,
                            wall_time now) {
    const bucket_time at = tick(now);
    const token_bucket& rule = of(which).rule;
    const auto ago = to_bucket_time(now) - to_bucket_time(when);
    if (rule.limited() && -ago <= rule.depth()) {
        past_.push_back({at - std::max(ago, token_bucket::duration(0)), which, key, std::string(subject)});
    }
}

void rate_ledger::take_over(const rate_ledger& before, wall_time now) {
    const bucket_time then = before.look(now);
    const bucket_time at = begin(now);
    for (std::size_t i = 0; i < books_.size(); ++i) {
        book& mine = books_[i];
        const book& theirs = before.books_[i];
        if (!mine.rule.limited()) {
            continue;
        }
        for (const bucket_table::bucket& slot : theirs.buckets.slots()) {
            if (slot.key == 0 || slot.full_at <= then) {
                continue;
            }
            const double missing = theirs.rule.capacity() - theirs.rule.left(slot.full_at, then);
            const auto refill = std::chrono::duration<double, std::nano>(mine.rule.interval()) *
                                std::min<double>(missing, mine.rule.capacity());
            const std::string_view subject = slot.subject ? slot.subject.get() : std::string_view();
            mine.buckets.put(slot.key, at + std::chrono::ceil<token_bucket::duration>(refill), subject, at);
        }
    }
}

void rate_ledger::play_past() const {
    if (past_.empty()) {
        return;
    }
    std::sort(past_.begin(), past_.end(), [](const auto& a, const auto& b) { return a.when < b.when; });
    for (const past_event& event : past_) {
        book& its = of(event.of);
        const bucket_time before = its.buckets.full_at(event.key);
        const bucket_time after = its.rule.take(before, event.when, std::max(event.when, played_until_));
        its.buckets.put(event.key, after, event.subject, event.when);
    }
    past_ = std::vector<past_event>(); // not {}, which keeps the memory
    for (book& each : books_) {
        each.buckets.clean_all(latest_);
    }
}

/// The ledger's time, which stands or goes on when the wall clock is set back, with all buckets put in their
/// place.
bucket_time rate_ledger::tick(wall_time now) const {
    const bucket_time at = to_bucket_time(now);
    if (at < latest_ && latest_ - at <= patience) {
        return latest_;
    }
    if (at < latest_) {
        const token_bucket::duration back = latest_ - at;
        for (book& each : books_) {
            each.buckets.set_back(back);
        }
        for (past_event& event : past_) {
            event.when -= back;
        }
        played_until_ -= back;
    }
    latest_ = at;
    return at;
}

/// Every change but restoring begins so: with all that was restored played, and a little tidying.
bucket_time rate_ledger::begin(wall_time now) {
    const bucket_time at = tick(now);
    play_past();
    played_until_ = at;
    for (book& each : books_) {
        each.buckets.clean(at);
    }
    return at;
}

/// Every question begins so. It may be about the future: only a change moves the ledger's time forward.
bucket_time rate_ledger::look(wall_time now) const {
    play_past();
    played_until_ = latest_;
    const bucket_time at = to_bucket_time(now);
    return at < latest_ ? tick(now) : at;
}

bool rate_ledger::full(limit which, std::uint64_t key, bucket_time now) const {
    return of(which).buckets.full_at(key) <= now;
}

bool rate_ledger::needed(const spent_order& spent, wall_time now) const {
    const bucket_time at = look(now);
    const auto set = parse_set_key(spent.set);
    if (spent.kind != order_kind::ari && set && !full(limit::set, *set, at)) {
        return true;
    }
    return spent.kind == order_kind::fresh &&
           (!full(limit::account, account_key, at) ||
            std::any_of(spent.domains.begin(), spent.domains.end(), [&](const std::string& domain) {
                return !full(limit::domain, bucket_key(domain), at);
            }));
}

bool rate_ledger::needed(const failed_validation& failed, wall_time now) const {
    return !full(limit::failures, bucket_key(bare(failed.name)), look(now));
}

std::size_t rate_ledger::size() const {
    play_past();
    std::size_t sum = 0;
    for (const book& each : books_) {
        sum += each.buckets.size();
    }
    return sum;
}

} // namespace evercert::lifecycle
