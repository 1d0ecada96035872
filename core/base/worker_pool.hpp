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
#include <type_traits>
#include <utility>

namespace evercert {

/// A few threads that run blocking functions. What is run there touches only what it was given.
class worker_pool {
public:
    /// With 0 threads work runs on the loop itself: for tests with a clock of their own.
    explicit worker_pool(unsigned threads) : inline_(threads == 0), pool_(inline_ ? 1 : threads) {}
    ~worker_pool() { pool_.join(); }
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    /// Runs `work` (which returns a result<T>) on a pool thread and continues on the caller's executor with
    /// what it returned. An exception from `work` becomes errc::internal. Work that has begun is always
    /// finished: a cancelled caller still waits for it, so that no write is left behind half observed.
    template <class Work>
    awaitable<std::invoke_result_t<Work&>> run(Work work) {
        using outcome = std::invoke_result_t<Work&>;
        auto initiate = [this, work = std::move(work)](auto handler) mutable {
            auto back = asio::get_associated_executor(handler);
            auto job = [work = std::move(work), handler = std::move(handler),
                        guard = asio::make_work_guard(back)]() mutable {
                outcome value = guarded(work);
                auto deliver = [handler = std::move(handler), value = std::move(value)]() mutable {
                    std::move(handler)(std::move(value));
                };
                asio::post(guard.get_executor(), std::move(deliver));
            };
            if (inline_) {
                asio::post(back, std::move(job));
            } else {
                asio::post(pool_, std::move(job));
            }
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(outcome)>(
            std::move(initiate), asio::use_awaitable);
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

    bool inline_;
    asio::thread_pool pool_;
};

} // namespace evercert
