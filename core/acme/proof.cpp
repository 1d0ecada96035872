#include "core/acme/proof.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace evercert::acme {
namespace {

constexpr std::size_t most_at_once = 16;

} // namespace

awaitable<outcome<void>> proof::run() {
    task_group group(context_.executor, [this](const std::string& task, const std::string& what) {
        settle(failure(step::authorization,
                       error(errc::internal, "unexpected exception in " + task + ": " + what)));
    });
    group_ = &group;
    patience_ = context_.time().make_timer();
    workers_ = std::min(most_at_once, urls_.size());
    const std::size_t started = workers_;
    for (std::size_t i = 0; i < started; ++i) {
        group.spawn("authorization", work());
    }
    group.spawn("patience", watch_patience());

    std::exception_ptr stopped;
    try {
        co_await group.join();
    } catch (...) {
        stopped = std::current_exception();
    }
    if (stopped) {
        // We were cancelled: the children still have to clean up, and that must not be cut short.
        stopping_ = true;
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        group.cancel();
        co_await group.join();
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        std::rethrow_exception(stopped);
    }
    if (verdict_) {
        co_return std::unexpected(std::move(*verdict_));
    }
    co_return outcome<void>();
}

void proof::settle(failure why) {
    if (!verdict_) {
        verdict_ = std::move(why);
    }
    stopping_ = true;
    group_->cancel();
}

awaitable<void> proof::work() {
    // Ends the watch over our patience, however this worker ends.
    struct sign_off {
        proof& all;
        ~sign_off() {
            if (--all.workers_ == 0) {
                all.patience_->cancel();
            }
        }
    };
    const sign_off at_exit{*this};
    while (!stopping_ && next_ < urls_.size()) {
        auto done = co_await prove(urls_[next_++]);
        if (!done && !stopping_) {
            settle(std::move(done.error()));
        }
    }
}

awaitable<void> proof::watch_patience() {
    while (workers_ > 0 && !stopping_) {
        if (context_.time().steady_now() < context_.deadline) {
            co_await patience_->wait_until(context_.deadline);
            continue;
        }
        settle(timed_out());
    }
}

} // namespace evercert::acme
