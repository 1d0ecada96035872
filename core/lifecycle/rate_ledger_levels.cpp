// How full the buckets are, for people.
#include "core/lifecycle/rate_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::lifecycle {

std::vector<rate_ledger::level> rate_ledger::levels(wall_time now, std::size_t most) const {
    struct candidate {
        double left; ///< tokens
        const book* its;
        const bucket_table::bucket* one;
        [[nodiscard]] double share() const { return left / its->capacity; }
    };
    const bucket_time at = look(now);
    const auto moment = [](bucket_time when) { return std::chrono::ceil<milliseconds>(when); };
    const auto left_of = [&](const book& its, bucket_time full_at) {
        // What is held back before a pause is still there.
        return its.rule.left(full_at, at) + (its.capacity - its.rule.capacity());
    };
    std::vector<candidate> emptiest;
    for (const book& its : books_) {
        if (&its == &of(limit::account)) {
            continue;
        }
        for (const bucket_table::bucket& one : its.buckets.slots()) {
            if (one.key != 0 && one.full_at > at) {
                emptiest.push_back({left_of(its, one.full_at), &its, &one});
            }
        }
    }
    const auto middle = emptiest.begin() + static_cast<std::ptrdiff_t>(std::min(most, emptiest.size()));
    std::partial_sort(emptiest.begin(), middle, emptiest.end(), [](const candidate& a, const candidate& b) {
        return a.share() != b.share() ? a.share() < b.share() : a.one->key < b.one->key;
    });

    std::vector<level> out;
    if (const book& account = of(limit::account); account.rule.limited()) {
        const bucket_time full_at = account.buckets.full_at(account_key);
        out.push_back({std::string(account.title),
                       {},
                       account.capacity,
                       left_of(account, full_at),
                       full_at > at ? moment(full_at) : now});
    }
    for (auto chosen = emptiest.begin(); chosen != middle; ++chosen) {
        const bucket_table::bucket& one = *chosen->one;
        out.push_back({std::string(chosen->its->title),
                       one.subject ? std::string(one.subject.get()) : fmt::format("{:016x}", one.key),
                       chosen->its->capacity, chosen->left, moment(one.full_at)});
    }
    return out;
}

} // namespace evercert::lifecycle
