#include "core/base/task_group.hpp"

#include "core/base/stop_signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cassert>
#include <exception>

namespace evercert {

struct task_group::state {
    state(asio::any_io_executor e, exception_handler handler)
        : executor(std::move(e)), on_exception(std::move(handler)), emptied(executor) {}

    asio::any_io_executor executor;
    exception_handler on_exception;
    std::list<std::shared_ptr<stop_signal>> running;
    asio::steady_timer emptied; ///< never expires by itself: cancelled when the last child has ended
};

task_group::task_group(asio::any_io_executor executor, exception_handler on_exception)
    : state_(std::make_shared<state>(std::move(executor), std::move(on_exception))) {
    state_->emptied.expires_at(asio::steady_timer::time_point::max());
}

task_group::~task_group() {
    assert(state_->running.empty() && "a task_group was destroyed before its children");
}

void task_group::spawn(std::string name, awaitable<void> task) {
    const auto place = state_->running.insert(state_->running.end(), std::make_shared<stop_signal>());
    auto ended = [group = state_, place, name = std::move(name)](const std::exception_ptr& failure) {
        group->running.erase(place);
        if (group->running.empty()) {
            group->emptied.cancel();
        }
        if (!failure) {
            return;
        }
        try {
            std::rethrow_exception(failure);
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::operation_aborted && group->on_exception) {
                group->on_exception(name, e.what());
            }
        } catch (const std::exception& e) {
            if (group->on_exception) {
                group->on_exception(name, e.what());
            }
        }
    };
    auto guarded = stop_signal::guard(*place, std::move(task));
    asio::co_spawn(state_->executor, std::move(guarded),
                   asio::bind_cancellation_slot((*place)->slot(), std::move(ended)));
}

void task_group::cancel() {
    // A child may end, and leave the list, while its signal is being emitted.
    const auto all = state_->running;
    for (const auto& child : all) {
        child->emit();
    }
}

awaitable<void> task_group::join() {
    auto group = state_;
    while (!group->running.empty()) {
        auto [ec] = co_await group->emptied.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (ec && cancelled.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error(ec);
        }
    }
}

std::size_t task_group::size() const noexcept {
    return state_->running.size();
}

} // namespace evercert
