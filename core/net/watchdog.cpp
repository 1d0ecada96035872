#include "core/net/watchdog.hpp"

#include <boost/asio/steady_timer.hpp>

namespace evercert::net {

struct watchdog::state {
    explicit state(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    std::function<void()> action;
    std::uint64_t turn = 0; ///< a wait that ended just before it was replaced must not act
    bool expired = false;
};

watchdog::watchdog(const asio::any_io_executor& executor) : state_(std::make_shared<state>(executor)) {}

watchdog::~watchdog() {
    clear();
}

void watchdog::set(steady_time when, std::function<void()> action) {
    state_->timer.expires_at(when);
    state_->action = std::move(action);
    state_->expired = false;
    const auto turn = ++state_->turn;
    auto on_wait = [state = state_, turn](const boost::system::error_code& ec) {
        if (ec || turn != state->turn) {
            return;
        }
        state->expired = true;
        const auto act = std::exchange(state->action, nullptr);
        if (act) {
            act();
        }
    };
    state_->timer.async_wait(std::move(on_wait));
}

void watchdog::clear() {
    ++state_->turn;
    state_->action = nullptr;
    state_->timer.cancel();
}

bool watchdog::expired() const noexcept {
    return state_->expired;
}

steady_time socket_clock() noexcept {
    return std::chrono::steady_clock::now();
}

} // namespace evercert::net
