#pragma once
// Who waits for a place at an issuer, in the order in which places are given.
#include "core/lifecycle/entry.hpp"

#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace evercert::lifecycle {

/// First what the CA's limits do not count, then by need: what a person asked for, renewals by their expiry,
/// new certificates in the order of their coming.
class waiting_line {
public:
    using entry_ptr = std::shared_ptr<entry>;

    void put(entry_ptr who, bool counted, wall_time deadline) {
        (counted ? counted_ : free_).push({deadline, ++arrivals_, std::move(who)});
    }
    /// Null when nobody waits.
    [[nodiscard]] entry_ptr first() {
        discard();
        return !free_.empty() ? free_.top().who : !counted_.empty() ? counted_.top().who : nullptr;
    }
    /// Whether the limits count for the first.
    [[nodiscard]] bool first_is_counted() const { return free_.empty(); }
    void pop() { (free_.empty() ? counted_ : free_).pop(); }
    [[nodiscard]] std::vector<entry_ptr> all() const {
        std::vector<entry_ptr> everybody;
        for (auto copy : {free_, counted_}) {
            for (; !copy.empty(); copy.pop()) {
                everybody.push_back(copy.top().who);
            }
        }
        return everybody;
    }

    std::optional<wall_time> blocked_until; ///< the account's limits leave no room before this

private:
    struct place {
        wall_time deadline;
        std::uint64_t arrival;
        entry_ptr who;
        bool operator<(const place& other) const {
            return deadline != other.deadline ? deadline > other.deadline : arrival > other.arrival;
        }
    };
    using heap = std::priority_queue<place>;
    /// Those who are not waiting any more.
    void discard() {
        for (heap* line : {&free_, &counted_}) {
            while (!line->empty() && (line->top().who->removed || line->top().who->phase != state::queued)) {
                line->pop();
            }
        }
    }

    heap free_;
    heap counted_;
    std::uint64_t arrivals_ = 0;
};

} // namespace evercert::lifecycle
