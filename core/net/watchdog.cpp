#include "core/net/watchdog.hpp"

#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace evercert::net {

struct watchdog::state {
    explicit state(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    std::function<void()> action;
    steady_time when{};
    std::optional<steady_time> wakes; ///< when the wait under way ends
    std::uint64_t turn = 0;           ///< a wait that ended just before it was replaced must not act
    bool expired = false;
};

watchdog::watchdog(const asio::any_io_executor& executor) : state_(std::make_shared<state>(executor)) {}

watchdog::~watchdog() {
    clear();
}

void watchdog::set(steady_time when, std::function<void()> action) {
    state_->when = when;
    state_->action = std::move(action);
    state_->expired = false;
    // A connection's deadline moves with each request, and nearly always to later: the wait goes on, and
    // looks when it ends.
    if (!state_->wakes || when < *state_->wakes) {
        wait(state_);
    }
}

void watchdog::wait(const std::shared_ptr<state>& on) {
    on->timer.expires_at(on->when);
    on->wakes = on->when;
    const auto turn = ++on->turn;
    auto on_wait = [on, turn](const boost::system::error_code& ec) {
        if (ec || turn != on->turn) {
            return;
        }
        on->wakes.reset();
        if (!on->action) {
            return;
        }
        if (socket_clock() < on->when) {
            wait(on);
            return;
        }
        on->expired = true;
        const auto act = std::exchange(on->action, nullptr);
        act();
    };
    on->timer.async_wait(std::move(on_wait));
}

void watchdog::clear() {
    ++state_->turn;
    state_->action = nullptr;
    state_->wakes.reset();
    state_->timer.cancel();
}

void watchdog::disarm() noexcept {
    state_->action = nullptr;
}

bool watchdog::expired() const noexcept {
    return state_->expired;
}

steady_time socket_clock() noexcept {
    return std::chrono::steady_clock::now();
}

} // namespace evercert::net
