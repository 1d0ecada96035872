#include "daemon/helper/gathering.hpp"

namespace evercert::daemon {
namespace {

/// In the frame of who waits, however that ends.
class entry {
public:
    entry(std::set<timer*>& list, timer& mine) : list_(list), mine_(mine) { list_.insert(&mine_); }
    ~entry() { list_.erase(&mine_); }
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;

private:
    std::set<timer*>& list_;
    timer& mine_;
};

} // namespace

void gathering::guest::arrive() {
    if (std::exchange(arrived_, true)) {
        return;
    }
    if (--at_.coming_ == 0) {
        for (timer* const each : at_.waiting_) {
            each->cancel();
        }
    }
}

awaitable<void> gathering::guest::wait() {
    arrive();
    const std::unique_ptr<timer> wake = at_.time_.make_timer();
    const entry listed(at_.waiting_, *wake);
    const steady_time latest = at_.time_.steady_now() + at_.longest_;
    while (at_.coming_ > 0 && at_.time_.steady_now() < latest) {
        co_await wake->wait_until(latest);
    }
}

} // namespace evercert::daemon
