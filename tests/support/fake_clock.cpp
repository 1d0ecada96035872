#include "tests/support/fake_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace evercert::testing {

class fake_timer;

struct fake_time::parked {
    std::multimap<steady_time, fake_timer*> timers;
};

/// A real Asio timer that never expires is the thing waited on; firing and cancelling both cancel it and say
/// which it was.
class fake_timer final : public timer {
public:
    fake_timer(asio::io_context& loop, fake_time& clock, std::weak_ptr<fake_time::parked> where)
        : clock_(clock), where_(std::move(where)), wait_(loop, asio::steady_timer::time_point::max()) {}
    ~fake_timer() override { leave(); }

    awaitable<bool> wait_until(steady_time when) override {
        if (when <= clock_.steady_now()) {
            // Like a real timer, an expired one still goes through the loop once.
            asio::steady_timer at_once(wait_.get_executor(), asio::steady_timer::time_point::min());
            co_await at_once.async_wait(asio::use_awaitable);
            co_return true;
        }
        fired_ = ended_early_ = false;
        leave();
        if (auto list = where_.lock()) {
            list->timers.emplace(when, this);
        }
        auto [ec] = co_await wait_.async_wait(asio::as_tuple(asio::use_awaitable));
        leave();
        if (!fired_ && !ended_early_) {
            throw boost::system::system_error(ec);
        }
        co_return fired_;
    }
    void cancel() override {
        ended_early_ = true;
        wait_.cancel();
    }
    void fire() {
        fired_ = true;
        wait_.cancel();
    }

private:
    void leave() {
        if (auto list = where_.lock()) {
            std::erase_if(list->timers, [this](const auto& entry) { return entry.second == this; });
        }
    }

    fake_time& clock_;
    std::weak_ptr<fake_time::parked> where_;
    asio::steady_timer wait_;
    bool fired_ = false;
    bool ended_early_ = false;
};

fake_time::fake_time(asio::io_context& loop)
    : loop_(loop)
    , wall_(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21))
    , steady_(std::chrono::hours(1))
    , parked_(std::make_shared<parked>()) {}

fake_time::~fake_time() = default;

std::unique_ptr<timer> fake_time::make_timer() {
    return std::make_unique<fake_timer>(loop_, *this, parked_);
}

std::size_t fake_time::waiting() const {
    return parked_->timers.size();
}

void fake_time::run_ready() {
    loop_.restart();
    while (loop_.poll() > 0) {
        loop_.restart();
    }
}

void fake_time::move_to(steady_time when) {
    wall_ += std::chrono::duration_cast<milliseconds>(when - steady_);
    steady_ = when;
}

bool fake_time::step(steady_time end) {
    if (parked_->timers.empty() || parked_->timers.begin()->first > end) {
        return false;
    }
    const auto first = parked_->timers.begin();
    fake_timer* const due = first->second;
    move_to(std::max(steady_, first->first));
    parked_->timers.erase(first);
    due->fire();
    run_ready();
    return true;
}

void fake_time::advance(steady_time::duration how_long) {
    const steady_time end = steady_ + how_long;
    run_ready();
    while (step(end)) {
    }
    move_to(end);
    run_ready();
}

} // namespace evercert::testing
