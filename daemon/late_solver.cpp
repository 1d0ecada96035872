#include "daemon/late_solver.hpp"

#include <utility>

namespace evercert::daemon {

result<void> late_solver::make() {
    if (!made_) {
        auto made = make_();
        if (!made) {
            return fail(std::move(made.error()));
        }
        made_ = std::move(*made);
    }
    return {};
}

awaitable<result<void>> late_solver::present(challenge_task task) {
    auto made = make();
    if (!made) {
        co_return made;
    }
    co_return co_await made_->present(std::move(task));
}

awaitable<result<void>> late_solver::wait_ready(challenge_task task) {
    auto made = make();
    if (!made) {
        co_return made;
    }
    co_return co_await made_->wait_ready(std::move(task));
}

awaitable<void> late_solver::clean_up(challenge_task task) {
    if (made_) {
        co_await made_->clean_up(std::move(task));
    }
}

} // namespace evercert::daemon
