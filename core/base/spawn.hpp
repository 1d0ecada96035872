#pragma once
#include "core/base/async.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace evercert {

/// A task that may be cancelled at any moment after it was given to co_spawn, even before its first step.
/// Boost 1.83 throws out of the event loop when a coroutine is cancelled before it has ever been suspended;
/// this one has been by then, and the task itself sees the cancellation at its first await, as it should.
inline awaitable<void> cancellable_from_the_start(awaitable<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::post(asio::use_awaitable);
    co_await asio::this_coro::throw_if_cancelled(true);
    co_await std::move(task);
}

} // namespace evercert
