#include "core/preflight/within.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace evercert::survey {
namespace {

awaitable<void> stop_at(time_source& time, milliseconds when, task_group& work) {
    co_await sleep_for(time, when);
    work.cancel();
}

} // namespace

awaitable<void> join_within(task_group& work, time_source& time, milliseconds patience,
                            std::function<void()> begin) {
    task_group alarm(co_await asio::this_coro::executor, {});
    std::exception_ptr stopped;
    try {
        begin();
        alarm.spawn("patience", stop_at(time, patience, work));
        co_await work.join();
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    work.cancel();
    co_await work.join();
    alarm.cancel();
    co_await alarm.join();
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (stopped) {
        std::rethrow_exception(stopped);
    }
}

} // namespace evercert::survey
