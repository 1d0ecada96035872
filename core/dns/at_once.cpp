#include "core/dns/at_once.hpp"

#include "core/base/task_group.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <stdexcept>
#include <string>

namespace evercert::dns {

awaitable<void> at_once(std::vector<awaitable<void>> tasks) {
    std::string broken;
    const auto executor = co_await asio::this_coro::executor;
    task_group group(executor, [&](const std::string&, const std::string& what) { broken = what; });
    for (auto& task : tasks) {
        group.spawn("dns", std::move(task));
    }
    std::exception_ptr stopped;
    try {
        co_await group.join();
    } catch (...) {
        stopped = std::current_exception();
    }
    if (stopped) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        group.cancel();
        co_await group.join();
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        std::rethrow_exception(stopped);
    }
    if (!broken.empty()) {
        throw std::runtime_error(broken);
    }
}

} // namespace evercert::dns
