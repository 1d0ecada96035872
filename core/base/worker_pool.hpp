#pragma once
// Slow work off the event loop: RSA keys, durable writes.
#include "core/base/async.hpp"
#include "core/base/error.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace evercert {

/// A few threads that run blocking functions. What is run there touches only what it was given.
class worker_pool {
public:
    /// With 0 threads work runs on the loop itself, for tests with a clock of their own; and then the caller
    /// goes on at once, or when its turn comes, as it would with threads.
    enum class inline_work { at_once, in_turn };
    explicit worker_pool(unsigned threads, inline_work how = inline_work::in_turn)
        : at_once_(threads == 0 && how == inline_work::at_once) {
        if (threads > 0) {
            pool_.emplace(threads);
        }
    }
    ~worker_pool() {
        if (pool_) {
            pool_->join();
        }
    }
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    /// Runs `work` (which returns a result<T>) on a pool thread and continues on the caller's executor with
    /// what it returned. An exception from `work` becomes errc::internal. Work that has begun is always
    /// finished: a cancelled caller still waits for it, so that no write is left behind half observed.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        if (at_once_) {
            co_return guarded(work);
        }
        // Work and outcome lie in this coroutine's frame: the job owns the handler, and that the frame.
        std::optional<std::invoke_result_t<Work&>> value;
        auto initiate = [this, &work, &value](auto handler) {
            auto back = asio::get_associated_executor(handler);
            auto job = [&work, &value, handler = std::move(handler),
                        guard = asio::make_work_guard(back)]() mutable {
                value.emplace(guarded(work));
                asio::post(guard.get_executor(), std::move(handler));
            };
            if (pool_) {
                asio::post(*pool_, std::move(job));
            } else {
                job();
            }
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate),
                                                                             asio::use_awaitable);
        co_return std::move(*value);
    }

private:
    template <class Work>
    static std::invoke_result_t<Work&> guarded(Work& work) {
        try {
            return work();
        } catch (const std::exception& e) {
            return fail(errc::internal, std::string("unexpected exception in background work: ") + e.what());
        }
    }

    bool at_once_;
    std::optional<asio::thread_pool> pool_;
};

} // namespace evercert
