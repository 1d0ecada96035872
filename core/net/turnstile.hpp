#pragma once
// So many at a time: what costs memory for each connection waits for its turn.
#include "core/base/async.hpp"

#include <cstddef>
#include <list>
#include <utility>

namespace evercert::net {

/// Must outlive its places and all who wait. Loop thread only.
class turnstile {
public:
    turnstile(const asio::any_io_executor& executor, std::size_t places)
        : executor_(executor), free_(places) {}
    turnstile(const turnstile&) = delete;
    turnstile& operator=(const turnstile&) = delete;

    /// Held until destroyed.
    class place {
    public:
        explicit place(turnstile* of) noexcept : of_(of) {}
        place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        place& operator=(place&&) = delete;
        ~place() {
            if (of_ != nullptr) {
                of_->leave();
            }
        }

    private:
        turnstile* of_;
    };

    /// First come, first served. Cancelling the coroutine throws, as in Asio.
    awaitable<place> enter();
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    struct ticket;
    void leave() noexcept;

    asio::any_io_executor executor_;
    std::size_t free_;
    std::list<ticket*> waiting_;
};

} // namespace evercert::net
