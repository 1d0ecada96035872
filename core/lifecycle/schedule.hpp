#pragma once
// Who is due when: a heap of moments in wall time. An entry has one valid place; older ones are skipped.
#include "core/lifecycle/entry.hpp"

#include <memory>
#include <queue>
#include <vector>

namespace evercert::lifecycle {

class schedule {
public:
    /// Replaces the entry's place.
    void put(const std::shared_ptr<entry>& who, wall_time when) {
        who->ticket = ++tickets_;
        heap_.push(place{when, who->ticket, who});
    }
    /// Its place is void until it is put again.
    void drop(entry& who) { who.ticket = ++tickets_; }
    /// The moment of the earliest valid place.
    [[nodiscard]] std::optional<wall_time> earliest() {
        discard_stale();
        return heap_.empty() ? std::nullopt : std::optional(heap_.top().when);
    }
    /// Takes the earliest entry that is due, or nothing.
    [[nodiscard]] std::shared_ptr<entry> take_due(wall_time now) {
        discard_stale();
        if (heap_.empty() || heap_.top().when > now) {
            return nullptr;
        }
        auto who = heap_.top().who.lock();
        heap_.pop();
        return who;
    }

private:
    struct place {
        wall_time when;
        std::uint64_t ticket;
        std::weak_ptr<entry> who;
        bool operator<(const place& other) const {
            return when != other.when ? when > other.when : ticket > other.ticket;
        }
    };
    void discard_stale() {
        while (!heap_.empty()) {
            const auto who = heap_.top().who.lock();
            if (who && who->ticket == heap_.top().ticket) {
                return;
            }
            heap_.pop();
        }
    }

    std::priority_queue<place> heap_;
    std::uint64_t tickets_ = 0;
};

} // namespace evercert::lifecycle
