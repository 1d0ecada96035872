#pragma once
// A solver that answers from listeners of its own.
#include "core/ports/solver.hpp"

#include <string>
#include <vector>

namespace evercert::solvers {

class listening_solver : public solver {
public:
    /// Opens the listeners that are not open yet; call again to retry. An error names the address, who holds
    /// it and what to do; while none is open, present() returns that error, so that other certificates go on.
    virtual result<void> open() = 0;
    virtual awaitable<void> close() = 0;
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
};

} // namespace evercert::solvers
