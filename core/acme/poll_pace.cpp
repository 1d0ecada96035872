#include "core/acme/poll_pace.hpp"

#include <algorithm>
#include <array>

namespace evercert::acme {
namespace {

using namespace std::chrono_literals;

constexpr std::array<milliseconds, 5> after_fetch{10ms, 25ms, 60ms, 150ms, 400ms};
constexpr std::array<milliseconds, 5> after_finalize{5ms, 20ms, 60ms, 150ms, 400ms};
constexpr std::array<milliseconds, 6> slow{250ms, 500ms, 1s, 2s, 4s, 5s};

// CAs validate from several places in parallel: most of their fetches come together.
constexpr milliseconds settle = 2ms;
constexpr milliseconds settle_at_most = 10ms;
constexpr unsigned most_fetch_polls = 8;

} // namespace

std::span<const milliseconds> poll_pace::quick() const noexcept {
    return kind_ == poll_kind::order ? std::span<const milliseconds>(after_finalize)
                                     : std::span<const milliseconds>(after_fetch);
}

void poll_pace::fetched(steady_time now) noexcept {
    ever_fetched_ = true;
    last_fetch_ = now;
    if (!first_fetch_) {
        first_fetch_ = now;
    }
}

void poll_pace::sent() noexcept {
    if (first_fetch_) {
        first_fetch_.reset();
        ++fetch_polls_;
    }
}

void poll_pace::answered(steady_time now, std::optional<milliseconds> retry_after) noexcept {
    const bool asked = retry_after && *retry_after > 0ms;
    const bool quick_fits = kind_ == poll_kind::order ? !asked : ever_fetched_;
    if (quick_fits && !calm_ && quick_used_ < quick().size()) {
        planned_ = now + quick()[quick_used_++];
    } else if (asked) {
        planned_ = now + std::clamp(*retry_after, shortest_asked_wait, longest_asked_wait);
    } else {
        planned_ = now + slow[std::min(slow_used_++, slow.size() - 1)];
    }
}

steady_time poll_pace::due() const noexcept {
    if (first_fetch_ && !calm_ && fetch_polls_ < most_fetch_polls) {
        return std::min({planned_, last_fetch_ + settle, *first_fetch_ + settle_at_most});
    }
    return planned_;
}

} // namespace evercert::acme
