#pragma once
// When to ask again. Pure: moments go in and come out.
#include "core/base/time.hpp"

#include <optional>
#include <span>

namespace evercert::acme {

inline constexpr milliseconds shortest_asked_wait = seconds(1);
inline constexpr milliseconds longest_asked_wait = std::chrono::hours(1);

/// What is polled, and so how the quick part of the ladder is begun.
enum class poll_kind {
    /// Quick polls only after the CA was seen fetching our answer. Its Retry-After governs the slow part
    /// alone: it was
    /// written before the CA knew how fast we are.
    authorization,
    /// Quick polls at once, unless Retry-After asks for a wait.
    order,
};

/// Plans polls: a few quick ones where the answer is likely to be there within milliseconds, then Retry-After
/// (1 s to 1 h) or 250 ms, 500 ms, 1 s, 2 s, 4 s, 5 s ... Fetches seen within a few ms of each other make one
/// poll, and their number is bounded, so that nobody who can fetch can make us hammer the CA.
class poll_pace {
public:
    explicit poll_pace(poll_kind kind) : kind_(kind) {}

    /// The CA was seen asking for our answer.
    void fetched(steady_time now) noexcept;
    /// An answer came that did not settle it.
    void answered(steady_time now, std::optional<milliseconds> retry_after) noexcept;
    /// A poll is being sent: fetches seen from here on are new.
    void sent() noexcept;
    /// No quick polls any more.
    void calm() noexcept { calm_ = true; }

    /// When to poll next; the past if at once. Before the first `answered`: now.
    [[nodiscard]] steady_time due() const noexcept;

private:
    [[nodiscard]] std::span<const milliseconds> quick() const noexcept;

    poll_kind kind_;
    steady_time planned_{};
    std::optional<steady_time> first_fetch_; ///< since the last poll was sent
    steady_time last_fetch_{};
    bool ever_fetched_ = false;
    bool calm_ = false;
    unsigned fetch_polls_ = 0;
    std::size_t quick_used_ = 0;
    std::size_t slow_used_ = 0;
};

} // namespace evercert::acme
