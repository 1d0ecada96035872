#pragma once
// Holds requests to the rate that a CA takes.
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "core/model/rate_limits.hpp"

#include <list>

namespace evercert::acme {

/// A token bucket that starts full: `capacity` requests at once, then one each time a token has come back. In
/// any time t at most capacity + t * capacity / period pass.
class request_pace {
public:
    request_pace(rate limit, time_source& time);
    request_pace(const request_pace&) = delete;
    request_pace& operator=(const request_pace&) = delete;

    /// Returns when the caller may send one request, and expects it to do so at once. First come, first
    /// served; nobody waits longer than those in front and the rate make necessary. Cancelling a waiting
    /// coroutine throws, as everywhere, and spends nothing.
    awaitable<void> take();

private:
    [[nodiscard]] steady_time next_token() const noexcept;
    void spend() noexcept;

    time_source& time_;
    bool limited_;
    steady_time::duration interval_{}; ///< in which one token comes back
    steady_time::duration depth_{};    ///< from empty but for one token to full
    steady_time full_at_;              ///< when all tokens are back, if nobody takes one
    std::list<timer*> line_;           ///< who waits, the first in front
};

} // namespace evercert::acme
