#pragma once
// Arithmetic of one limit: what is left, and when the next token comes. Pure, in whole nanoseconds.
#include "core/base/time.hpp"
#include "core/model/rate_limits.hpp"

namespace evercert::lifecycle {

/// Wall time in nanoseconds, so that rounding an interval up costs nothing worth
/// naming.
using bucket_time = std::chrono::sys_time<std::chrono::nanoseconds>;
/// Moments before 1970 and after 2150 become these, so that no sum overflows.
bucket_time to_bucket_time(wall_time when) noexcept;

/// The rules of a kind of bucket. The whole state of one bucket is a single moment, `full_at`: when it will
/// be full if nothing more is taken (the generic cell rate algorithm's theoretical arrival time). A moment
/// that has passed is a full bucket, so that full ones need no memory.
///
/// Held back as a reserve: the CA may count an order later than we did, by a slow connection or a repeated
/// request, and then a token follows sooner than it saw it spent. So the last token is given out only when it
/// has been there for a minute, or for one interval if that is shorter. A capacity of 1 has no other token to
/// wait with: there the interval is an eighth longer instead, by a minute at most. Hence for every window of
/// time and any delays up to the reserve, no more than capacity + window / interval tokens are given out.
class token_bucket {
public:
    using duration = std::chrono::nanoseconds;

    /// A `rate` without limit makes a bucket that is always full. Periods up to 20 years.
    explicit token_bucket(const rate& limit);

    [[nodiscard]] bool limited() const noexcept { return capacity_ > 0; }
    [[nodiscard]] unsigned capacity() const noexcept { return capacity_; }
    /// In which one token comes back; 0 without a limit.
    [[nodiscard]] duration interval() const noexcept { return interval_; }

    /// The first moment, `now` or later, at which a token may be taken; or so many, one after the other, or
    /// the bucket is full.
    [[nodiscard]] bucket_time earliest(bucket_time full_at, bucket_time now,
                                       unsigned tokens = 1) const noexcept;
    /// The new `full_at` after taking a token at `when`, allowed or not. A bucket cannot hold less than
    /// nothing at `now`, which is later than `when` for what comes to be known late.
    [[nodiscard]] bucket_time take(bucket_time full_at, bucket_time when, bucket_time now) const noexcept;
    /// The new `full_at` after a token that was taken is put back.
    [[nodiscard]] bucket_time give_back(bucket_time full_at) const noexcept { return full_at - interval_; }
    /// The new `full_at` after the CA said that there is nothing before `until` (believed for one period at
    /// most): a token then, and not more.
    [[nodiscard]] bucket_time empty_until(bucket_time full_at, bucket_time until,
                                          bucket_time now) const noexcept;
    /// Tokens that are there now, with fractions; for people.
    [[nodiscard]] double left(bucket_time full_at, bucket_time now) const noexcept;
    /// From empty to full.
    [[nodiscard]] duration depth() const noexcept { return interval_ * capacity_; }

private:
    unsigned capacity_ = 0;
    duration interval_{0};
    duration slack_{0}; ///< how far `full_at` may lie ahead when a token is taken
};

} // namespace evercert::lifecycle
