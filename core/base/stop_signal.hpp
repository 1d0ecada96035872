#pragma once
#include "core/base/async.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <memory>
#include <utility>

namespace evercert {

/// Cancels one task given to co_spawn, at any moment, even before its first step: Boost 1.83 throws out of
/// the event loop when a coroutine is cancelled before it has run. Spawn `guard(signal, task)` with the slot
/// bound.
class stop_signal {
public:
    void emit() {
        asked_ = true;
        if (begun_) {
            signal_.emit(asio::cancellation_type::all);
        }
    }
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    /// The task; nothing of it is run when it was cancelled before.
    static awaitable<void> guard(std::shared_ptr<stop_signal> signal, awaitable<void> task) {
        signal->begun_ = true;
        if (!signal->asked_) {
            co_await std::move(task);
        }
    }

private:
    asio::cancellation_signal signal_;
    bool begun_ = false;
    bool asked_ = false;
};

} // namespace evercert
