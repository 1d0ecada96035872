// The one place that reads the real clocks.
#include "core/base/time.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace evercert {
namespace {

class system_timer final : public timer {
public:
    explicit system_timer(const asio::any_io_executor& executor) : timer_(executor) {}

    awaitable<bool> wait_until(steady_time when) override {
        timer_.expires_at(when);
        ended_early_ = false;
        auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (ec && !ended_early_) {
            throw boost::system::system_error(ec); // the coroutine was cancelled, not this timer
        }
        co_return !ec;
    }
    void cancel() override {
        ended_early_ = true;
        timer_.cancel();
    }

private:
    asio::steady_timer timer_;
    bool ended_early_ = false;
};

class system_time final : public time_source {
public:
    explicit system_time(asio::any_io_executor executor) : executor_(std::move(executor)) {}
    [[nodiscard]] wall_time now() const override {
        return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    }
    [[nodiscard]] steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
    std::unique_ptr<timer> make_timer() override { return std::make_unique<system_timer>(executor_); }

private:
    asio::any_io_executor executor_;
};

} // namespace

std::unique_ptr<time_source> make_system_time(const asio::any_io_executor& executor) {
    return std::make_unique<system_time>(executor);
}

} // namespace evercert
