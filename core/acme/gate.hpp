#pragma once
// One coroutine at a time, for coroutines on one thread.
#include "core/base/async.hpp"
#include "core/base/time.hpp"

#include <list>

namespace evercert::acme {

/// A lock that is waited for without blocking the loop. Cancelling a waiting coroutine throws, as everywhere.
class gate {
public:
    explicit gate(time_source& time) : time_(time) {}
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    /// Held until destroyed.
    class pass {
    public:
        explicit pass(gate* held) noexcept : held_(held) {}
        pass(pass&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
        pass& operator=(pass&&) = delete;
        ~pass() {
            if (held_ != nullptr) {
                held_->leave();
            }
        }

    private:
        gate* held_;
    };

    awaitable<pass> enter();

private:
    void leave() noexcept;
    void wake_next() noexcept;

    time_source& time_;
    std::list<timer*> waiting_;
    bool held_ = false;
};

} // namespace evercert::acme
