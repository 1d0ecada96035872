#include "core/net/turnstile.hpp"

#include "core/net/watchdog.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace evercert::net {

/// In the frame of who waits. However that ends, its place in the line goes, or the place it was given.
struct turnstile::ticket {
    explicit ticket(turnstile& at) : owner(at), called(at.executor_, steady_time::max()) {
        owner.waiting_.push_back(this);
    }
    ticket(const ticket&) = delete;
    ticket& operator=(const ticket&) = delete;
    ~ticket() {
        if (!granted) {
            owner.waiting_.remove(this);
        } else if (!taken) {
            owner.leave();
        }
    }

    turnstile& owner;
    asio::steady_timer called; ///< never expires
    bool granted = false;
    bool taken = false;
};

awaitable<turnstile::place> turnstile::enter() {
    if (free_ > 0) {
        --free_;
        co_return place(this);
    }
    ticket mine(*this);
    while (!mine.granted) {
        boost::system::error_code ec;
        co_await mine.called.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    }
    mine.taken = true;
    co_return place(this);
}

void turnstile::leave() noexcept {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    ticket* next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    next->called.cancel();
}

} // namespace evercert::net
