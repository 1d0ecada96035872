#pragma once
// A solver with a listener, on a loop that runs until each step is done.
#include "solvers/listening_solver.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <utility>

namespace evercert::testing {

template <class Solver>
struct listening_setup {
    /// Runs until the task has ended.
    template <class Task>
    void run(Task task) {
        bool done = false;
        asio::co_spawn(loop, std::move(task), [&](std::exception_ptr, auto&&...) { done = true; });
        loop.restart();
        for (int i = 0; i < 1000 && !done; ++i) {
            loop.run_one_for(milliseconds(10));
        }
        REQUIRE(done);
    }

    result<void> present(challenge_task task) {
        result<void> out = fail(errc::internal, "never ran");
        auto step = [](Solver& s, challenge_task t, result<void>& o) -> awaitable<void> {
            o = co_await s.present(std::move(t));
            if (o) {
                o = co_await s.wait_ready(challenge_task(identifier(), "", ""));
            }
        };
        run(step(*solver, std::move(task), out));
        return out;
    }
    void clean_up(challenge_task task) { run(solver->clean_up(std::move(task))); }

    /// Where it listens first.
    [[nodiscard]] asio::ip::tcp::endpoint place() const {
        const auto at = parse_endpoint(solver->addresses().at(0)).value();
        return {asio::ip::make_address(at.address), at.port};
    }

    asio::io_context loop;
    recorded_events events;
    std::unique_ptr<Solver> solver;
};

inline challenge_task task(const std::string& name, const std::string& token,
                           std::function<void()> on_fetched = {}) {
    return {parse_identifier(name, true).value(), token, token + ".thumbprint", std::move(on_fetched)};
}

} // namespace evercert::testing
