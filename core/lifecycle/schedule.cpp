#include "core/lifecycle/schedule.hpp"

#include <chrono>

namespace evercert::lifecycle {
namespace {

std::int64_t hour_of(wall_time when) {
    return std::chrono::floor<std::chrono::hours>(when).time_since_epoch().count();
}

} // namespace

void schedule::put(const std::shared_ptr<entry>& who, wall_time when) {
    if (!who->seat) {
        take_seat(who);
    }
    seat& mine = seats_[*who->seat];
    ++mine.turn;
    if (when == wall_time::max()) {
        return;
    }
    const place there{when, *who->seat, mine.turn};
    if (const std::int64_t hour = hour_of(when); hour <= hour_) {
        near_.push(there);
    } else {
        far_[hour].push_back(there);
    }
}

void schedule::drop(const entry& who) {
    if (who.seat) {
        ++seats_[*who.seat].turn;
    }
}

void schedule::remove(entry& who) {
    if (who.seat) {
        drop(who);
        seats_[*who.seat].who.reset();
        free_.push_back(*who.seat);
        who.seat.reset();
    }
}

void schedule::clear() {
    for (seat& each : seats_) {
        ++each.turn;
    }
    near_ = {};
    far_.clear();
    hour_ = INT64_MIN;
}

std::optional<wall_time> schedule::earliest() {
    bring_up();
    return near_.empty() ? std::nullopt : std::optional(near_.top().when);
}

std::shared_ptr<entry> schedule::take_due(wall_time now) {
    bring_up();
    if (near_.empty() || near_.top().when > now) {
        return nullptr;
    }
    seat& due = seats_[near_.top().seat];
    ++due.turn;
    near_.pop();
    return due.who;
}

void schedule::take_seat(const std::shared_ptr<entry>& who) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(seats_.size()));
        seats_.emplace_back();
    }
    who->seat = free_.back();
    free_.pop_back();
    seats_[*who->seat].who = who;
}

void schedule::bring_up() {
    for (;;) {
        while (!near_.empty() && !is_valid(near_.top())) {
            near_.pop();
        }
        if (!near_.empty() || far_.empty()) {
            return;
        }
        auto next = far_.extract(far_.begin());
        hour_ = next.key();
        for (const place& one : next.mapped()) {
            if (is_valid(one)) {
                near_.push(one);
            }
        }
    }
}

} // namespace evercert::lifecycle
