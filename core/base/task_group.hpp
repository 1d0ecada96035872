#pragma once
// Children are counted and awaited: nothing outlives its owner.
#include "core/base/async.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <list>
#include <memory>
#include <string>

namespace evercert {

/// Coroutines that belong to one owner. The owner cancels and joins them before it goes; the destructor
/// asserts it. A task that ends with an exception is reported to `on_exception` (our own mistake);
/// cancellation is silent.
class task_group {
public:
    using exception_handler = std::function<void(const std::string& task, const std::string& what)>;

    task_group(asio::any_io_executor executor, exception_handler on_exception);
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts `task` on the group's executor. `name` is for reports only.
    void spawn(std::string name, awaitable<void> task);
    /// Asks every running child to stop.
    void cancel();
    /// Resumes when no child is left.
    awaitable<void> join();
    [[nodiscard]] std::size_t size() const noexcept;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace evercert
