#pragma once
// The machine that the daemon runs on, which may die in the middle of anything.
#include <optional>

namespace evercert::simulation {

/// One life of the daemon, from start to stop or crash.
class power {
public:
    [[nodiscard]] bool on() const noexcept { return on_; }
    /// It goes off at the `step`-th thing from now that leaves a trace on the disk or at a CA.
    void fail_after(unsigned steps) noexcept { left_ = steps; }
    void cut() noexcept { on_ = false; }
    /// About to leave a trace; true if it dies with it. Whether the trace is left is the caller's choice.
    bool dies_now() noexcept {
        if (on_ && left_ && (*left_)-- == 0) {
            on_ = false;
            return true;
        }
        return false;
    }

private:
    bool on_ = true;
    std::optional<unsigned> left_;
};

} // namespace evercert::simulation
