#include "core/acme/request_pace.hpp"

#include <algorithm>
#include <memory>

namespace evercert::acme {

request_pace::request_pace(rate limit, time_source& time)
    : time_(time), limited_(limit.limited()), full_at_(time.steady_now()) {
    if (limited_) {
        const std::int64_t capacity = limit.capacity;
        const std::int64_t period = steady_time::duration(limit.period).count();
        // Rounded up: a thousandth of a microsecond too slow is within every limit.
        interval_ = steady_time::duration((period + capacity - 1) / capacity);
        depth_ = interval_ * (capacity - 1);
    }
}

steady_time request_pace::next_token() const noexcept {
    return full_at_ - depth_;
}

void request_pace::spend() noexcept {
    full_at_ = std::max(full_at_, time_.steady_now()) + interval_;
}

awaitable<void> request_pace::take() {
    if (!limited_) {
        co_return;
    }
    if (line_.empty() && time_.steady_now() >= next_token()) {
        spend();
        co_return;
    }
    const auto bell = time_.make_timer();
    const auto place = line_.insert(line_.end(), bell.get());
    struct leaver {
        std::list<timer*>& line;
        std::list<timer*>::iterator place;
        ~leaver() {
            const bool in_front = place == line.begin();
            line.erase(place);
            if (in_front && !line.empty()) {
                line.front()->cancel();
            }
        }
    };
    const leaver at_exit{line_, place};
    for (;;) {
        // Only who is in front waits for the token; the others wait for the bell, which rings when they are.
        const bool in_front = line_.front() == bell.get();
        if (in_front && time_.steady_now() >= next_token()) {
            break;
        }
        const steady_time until = in_front ? next_token() : time_.steady_now() + std::chrono::hours(24);
        co_await bell->wait_until(until);
    }
    spend();
}

} // namespace evercert::acme
