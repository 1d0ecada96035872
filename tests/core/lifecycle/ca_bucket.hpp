#pragma once
// How a CA counts: the plain token bucket, in exact integers and by another method than ours.
#include "core/base/random.hpp"
#include "core/model/rate_limits.hpp"

#include <algorithm>

namespace evercert {

__extension__ typedef __int128 wide; // products of milliseconds and capacities

class ca_bucket {
public:
    explicit ca_bucket(const rate& limit) : limit_(limit), level_(full()) {}

    /// Whether there is a token at `when`, which must not go back; takes it.
    bool take(wall_time when) {
        const bool there = look(when);
        level_ -= there ? limit_.period.count() : 0;
        return there || !limit_.limited();
    }
    /// Whether there is one.
    bool look(wall_time when) {
        if (when > at_) {
            // The first moment's gap is the time since the epoch: more than any period.
            level_ = std::min(full(), level_ + wide((when - at_).count()) * limit_.capacity);
            at_ = when;
        }
        return level_ >= limit_.period.count();
    }
    void fill() { level_ = full(); }

private:
    [[nodiscard]] wide full() const { return wide(limit_.capacity) * limit_.period.count(); }

    rate limit_;
    wide level_; ///< tokens times the period in milliseconds
    wall_time at_{};
};

} // namespace evercert
