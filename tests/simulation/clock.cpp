#include "tests/simulation/clock.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

namespace evercert::simulation {

asio::execution_context& event_loop::executor::query(asio::execution::context_t) const noexcept {
    return owner_->services_;
}

void event_loop::run_ready() {
    running_ = true;
    // More may be added meanwhile, which may move the vector: so each is taken out first.
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        auto work = std::move(ready_[i]);
        work();
    }
    ready_.clear();
    running_ = false;
}

void event_loop::run_inside(const std::function<void()>& everything) {
    asio::post(services_, everything);
    services_.restart();
    services_.run();
}

void event_loop::run_ready_and_services() {
    do {
        run_ready();
    } while (services_.poll() > 0);
}

/// Completes at once when it fires, by way of the loop when it is cancelled.
class sim_timer final : public timer {
public:
    explicit sim_timer(sim_time& clock) : clock_(clock), seat_(clock.take_seat(*this)) {}
    ~sim_timer() override {
        clock_.seats_[seat_] = {};
        clock_.free_.push_back(seat_);
    }
    sim_timer(const sim_timer&) = delete;
    sim_timer& operator=(const sim_timer&) = delete;

    awaitable<bool> wait_until(steady_time when) override {
        auto initiate = [this, when](waiter who) {
            if (when <= clock_.steady_) {
                complete_later(std::move(who), {}, true); // like a real timer, through the loop once
                return;
            }
            if (auto slot = asio::get_associated_cancellation_slot(who); slot.is_connected()) {
                slot.assign(
                    [this](asio::cancellation_type_t) { end(asio::error::operation_aborted, false); });
            }
            waiting_.emplace(std::move(who));
            clock_.park(seat_, when);
        };
        return asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code, bool)>(
            std::move(initiate), asio::use_awaitable);
    }
    void cancel() override { end({}, false); }
    void fire() {
        waiter who = std::move(*waiting_);
        waiting_.reset();
        std::move(who)(boost::system::error_code(), true);
    }

private:
    using waiter =
        asio::async_result<asio::use_awaitable_t<>, void(boost::system::error_code, bool)>::handler_type;

    void complete_later(waiter who, boost::system::error_code ec, bool fired) {
        clock_.loop_.post([who = std::move(who), ec, fired]() mutable { std::move(who)(ec, fired); });
    }
    void end(boost::system::error_code ec, bool fired) {
        if (waiting_) {
            clock_.seats_[seat_].turn = 0;
            waiter who = std::move(*waiting_);
            waiting_.reset();
            complete_later(std::move(who), ec, fired);
        }
    }

    sim_time& clock_;
    std::uint32_t seat_;
    std::optional<waiter> waiting_;
};

std::unique_ptr<timer> sim_time::make_timer() {
    return std::make_unique<sim_timer>(*this);
}

std::uint32_t sim_time::take_seat(sim_timer& who) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(seats_.size()));
        seats_.emplace_back();
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    seats_[number].who = &who;
    return number;
}

void sim_time::park(std::uint32_t number, steady_time when) {
    seats_[number].turn = ++turns_;
    if (when != steady_time::max()) {
        heap_.push(place{when, turns_, number});
    }
}

void sim_time::at(wall_time when, std::function<void()> what) {
    happenings_.emplace(std::max(when, wall_), std::move(what));
}

/// In whole milliseconds, so that both clocks move together.
void sim_time::move_to(steady_time when) {
    if (when > steady_) {
        const auto by = std::chrono::ceil<milliseconds>(when - steady_);
        steady_ += by;
        wall_ += by;
    }
}

bool sim_time::step(wall_time end) {
    while (!heap_.empty() && seats_[heap_.top().seat].turn != heap_.top().turn) {
        heap_.pop();
    }
    const steady_time last = steady_ + (end - wall_);
    const steady_time timer_at = heap_.empty() ? steady_time::max() : heap_.top().when;
    const steady_time happening_at =
        happenings_.empty() ? steady_time::max() : steady_ + (happenings_.begin()->first - wall_);
    if (std::min(timer_at, happening_at) > last) {
        move_to(last);
        return false;
    }
    if (happening_at <= timer_at) {
        move_to(happening_at);
        auto what = std::move(happenings_.begin()->second);
        happenings_.erase(happenings_.begin());
        what();
        return true;
    }
    move_to(timer_at);
    const std::uint32_t number = heap_.top().seat;
    heap_.pop();
    seats_[number].turn = 0;
    loop_.run_now([timer = seats_[number].who] { timer->fire(); });
    return true;
}

} // namespace evercert::simulation
