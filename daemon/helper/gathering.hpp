#pragma once
// Lets those who came together go on together.
#include "core/base/time.hpp"

#include <memory>
#include <set>

namespace evercert::daemon {

/// Requests that come at once are looked at one after another; each waits, though not for long, until no
/// other one is still being looked at, so that all of them find the same reload. Outlives its guests.
class gathering {
public:
    gathering(time_source& time, milliseconds longest) : time_(time), longest_(longest) {}

    /// One who is being looked at, until `wait` or its end.
    class guest {
    public:
        explicit guest(gathering& at) : at_(at) { ++at_.coming_; }
        ~guest() { arrive(); }
        guest(const guest&) = delete;
        guest& operator=(const guest&) = delete;
        /// Waits for the others.
        awaitable<void> wait();

    private:
        void arrive();
        gathering& at_;
        bool arrived_ = false;
    };

private:
    time_source& time_;
    milliseconds longest_;
    std::size_t coming_ = 0;
    std::set<timer*> waiting_;
};

} // namespace evercert::daemon
