#pragma once
// What solvers that answer from a listener of their own have in common.
#include "core/net/http_server.hpp"
#include "core/ports/solver.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::solvers {

class listening_solver : public solver {
public:
    /// Opens the listeners that are not open yet; call again to retry. An error names the address, who holds
    /// it and what to do; while none is open, present() returns that error, so that other certificates go on.
    virtual result<void> open() = 0;
    virtual awaitable<void> close() = 0;
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
    [[nodiscard]] virtual net::server_counters counters() const = 0;
};

/// Where a solver is to listen, and which of it is open.
class listen_places {
public:
    using listen_function = std::function<result<void>(net::listen_address)>;

    /// `challenge` is "http-01" and begins the errors; it stays valid. `listen` opens one address.
    listen_places(std::string_view challenge, std::vector<net::listen_address> where, listen_function listen);

    /// As listening_solver::open.
    result<void> open();
    /// To be called when the listeners are closed.
    void closed();
    /// What present() says while `any_open` is false: tries again, unless it was closed on purpose.
    result<void> open_again(const std::function<bool()>& any_open);

private:
    struct place {
        net::listen_address where;
        bool open = false;
    };

    std::string_view challenge_;
    listen_function listen_;
    std::vector<place> places_;
    bool wanted_ = false;
};

} // namespace evercert::solvers
