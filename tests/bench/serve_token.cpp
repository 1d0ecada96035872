// The http-01 listener as evercertd has it, with one answer that stays: what a benchmark asks for. Prints its
// address when it listens, and serves until it is ended.   usage: serve_token PORT HOST TOKEN
// KEY_AUTHORIZATION
#include "solvers/http01/http01_solver.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

using namespace evercert;

/// As a daemon whose log is at its usual level.
class few_events final : public event_sink {
public:
    void emit(const event& what) override { fmt::print(stderr, "{}: {}\n", what.id, what.message); }
    [[nodiscard]] bool reads(severity level) const noexcept override { return level > severity::debug; }
};

awaitable<void> put(solvers::listening_solver& into, challenge_task task) {
    const auto put = co_await into.present(std::move(task));
    if (!put) {
        fmt::print(stderr, "{}\n", put.error().text());
        std::exit(1);
    }
}

int serve(char** words) {
    asio::io_context loop(1);
    few_events events;
    solvers::http01_settings settings;
    settings.listen = {
        endpoint{"127.0.0.1", static_cast<std::uint16_t>(std::strtoul(words[1], nullptr, 10))}};
    const auto solver = solvers::make_http01_solver(loop.get_executor(), events, std::move(settings));
    if (const auto opened = solver->open(); !opened) {
        fmt::print(stderr, "{}\n", opened.error().text());
        return 1;
    }
    challenge_task task(parse_identifier(words[2], true).value(), words[3], words[4]);
    const auto failed = [](const std::exception_ptr& what) {
        if (what) {
            std::rethrow_exception(what);
        }
    };
    asio::co_spawn(loop, put(*solver, std::move(task)), failed);
    fmt::print("{}\n", solver->addresses().at(0));
    std::fflush(stdout);
    loop.run();
    return 0;
}

} // namespace

int main(int count, char** words) {
    if (count != 5) {
        fmt::print(stderr, "usage: serve_token PORT HOST TOKEN KEY_AUTHORIZATION\n");
        return 2;
    }
    try {
        return serve(words);
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 1;
    }
}
