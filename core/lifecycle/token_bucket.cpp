#include "core/lifecycle/token_bucket.hpp"

#include <algorithm>

namespace evercert::lifecycle {
namespace {

constexpr token_bucket::duration longest_reserve = std::chrono::minutes(1);
/// Longer ones would overflow in nanoseconds.
constexpr milliseconds longest_period = std::chrono::years(20);

constexpr wall_time last_moment = std::chrono::sys_days(std::chrono::year(2150) / 1 / 1);

} // namespace

bucket_time to_bucket_time(wall_time when) noexcept {
    return std::clamp(when, wall_time(), last_moment);
}

token_bucket::token_bucket(const rate& limit) {
    if (!limit.limited() || limit.period <= milliseconds(0)) {
        return;
    }
    capacity_ = limit.capacity;
    const duration period = std::min(limit.period, longest_period);
    interval_ = (period + duration(capacity_ - 1)) / capacity_; // rounded up: never faster than the CA's
    if (capacity_ == 1) {
        interval_ += std::min(interval_ / 8, longest_reserve);
    } else {
        slack_ = interval_ * (capacity_ - 1) - std::min(interval_, longest_reserve);
    }
}

bucket_time token_bucket::earliest(bucket_time full_at, bucket_time now, unsigned tokens) const noexcept {
    const duration before_the_last = interval_ * (std::clamp(tokens, 1U, std::max(capacity_, 1U)) - 1);
    return std::max(now, full_at - slack_ + std::min(before_the_last, slack_));
}

bucket_time token_bucket::take(bucket_time full_at, bucket_time when, bucket_time now) const noexcept {
    const bucket_time after = std::max(full_at, when) + interval_;
    return std::max(full_at, std::min(after, now + depth()));
}

bucket_time token_bucket::empty_until(bucket_time full_at, bucket_time until,
                                      bucket_time now) const noexcept {
    return std::max(full_at, std::min(until, now + depth()) + slack_);
}

double token_bucket::left(bucket_time full_at, bucket_time now) const noexcept {
    if (full_at <= now || !limited()) {
        return capacity_;
    }
    const double missing =
        static_cast<double>((full_at - now).count()) / static_cast<double>(interval_.count());
    return std::max(0.0, capacity_ - missing);
}

} // namespace evercert::lifecycle
