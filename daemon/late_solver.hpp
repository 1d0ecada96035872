#pragma once
// A solver that may come later than its challenge: what it needs (a credential, a file) can be missing at
// start.
#include "core/ports/solver.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evercert::daemon {

class late_solver final : public solver {
public:
    using maker = std::function<result<std::unique_ptr<solver>>()>;

    /// `type` as the solver will have it.
    late_solver(std::string_view type, maker make) : type_(type), make_(std::move(make)) {}

    /// Makes it, unless that was done.
    result<void> make();

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return type_; }
    [[nodiscard]] bool remembered() const noexcept override { return made_ && made_->remembered(); }
    /// Until it can be made, the reason why not.
    awaitable<result<void>> present(challenge_task task) override;
    awaitable<result<void>> wait_ready(challenge_task task) override;
    awaitable<void> clean_up(challenge_task task) override;

private:
    std::string type_;
    maker make_;
    std::unique_ptr<solver> made_;
};

} // namespace evercert::daemon
