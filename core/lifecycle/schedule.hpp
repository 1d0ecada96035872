#pragma once
// Who is due when, in wall time. An entry has one valid place; older ones are skipped.
// Made for 100,000 entries: places are small and know their entry by a number, so that they are kept in order
// without touching the entries, and only those of the hour at hand are kept in order at all.
#include "core/lifecycle/entry.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

namespace evercert::lifecycle {

class schedule {
public:
    /// Replaces the entry's place. wall_time::max() is never.
    void put(const std::shared_ptr<entry>& who, wall_time when);
    /// Its place is void until it is put again.
    void drop(const entry& who);
    /// Lets go of the entry.
    void remove(entry& who);
    /// All places are void: after the clock was set, which moves the hour at hand.
    void clear();
    /// The moment of the earliest valid place.
    [[nodiscard]] std::optional<wall_time> earliest();
    /// Takes the earliest entry that is due, or nothing.
    [[nodiscard]] std::shared_ptr<entry> take_due(wall_time now);

private:
    struct place {
        wall_time when;
        std::uint32_t seat = 0;
        std::uint32_t turn = 0; ///< valid as long as it is the seat's
        bool operator<(const place& other) const noexcept {
            return when != other.when ? when > other.when : seat > other.seat;
        }
    };
    /// Turns go on when a seat changes hands, so that no place of the one before is valid.
    struct seat {
        std::shared_ptr<entry> who;
        std::uint32_t turn = 0;
    };

    void take_seat(const std::shared_ptr<entry>& who);
    [[nodiscard]] bool is_valid(const place& one) const { return seats_[one.seat].turn == one.turn; }
    /// Brings the earliest valid place to the top of `near_`, if there is any.
    void bring_up();

    std::priority_queue<place> near_;                ///< up to the end of the hour at hand
    std::map<std::int64_t, std::vector<place>> far_; ///< by hour since 1970, after it
    std::int64_t hour_ = INT64_MIN;                  ///< at hand
    std::vector<seat> seats_;
    std::vector<std::uint32_t> free_;
};

} // namespace evercert::lifecycle
