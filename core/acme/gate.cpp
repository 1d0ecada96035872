#include "core/acme/gate.hpp"

#include <memory>

namespace evercert::acme {

awaitable<gate::pass> gate::enter() {
    while (held_) {
        const auto bell = time_.make_timer();
        const auto place = waiting_.insert(waiting_.end(), bell.get());
        struct leaver {
            gate& owner;
            std::list<timer*>::iterator place;
            ~leaver() {
                owner.waiting_.erase(place);
                // A cancelled waiter may have been the one that was woken: pass it on.
                if (!owner.held_) {
                    owner.wake_next();
                }
            }
        };
        const leaver at_exit{*this, place};
        co_await bell->wait_until(time_.steady_now() + std::chrono::hours(1));
    }
    held_ = true;
    co_return pass(this);
}

void gate::leave() noexcept {
    held_ = false;
    wake_next();
}

void gate::wake_next() noexcept {
    if (!waiting_.empty()) {
        waiting_.front()->cancel();
    }
}

} // namespace evercert::acme
