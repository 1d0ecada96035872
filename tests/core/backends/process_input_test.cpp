// What a program finds on its standard input.
#include "core/backends/process_runner.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>

using namespace evercert;
using namespace evercert::backends;

namespace {

process_request shell(std::string script) {
    process_request request({"/bin/sh", "-c", std::move(script)});
    request.deadline = seconds(20);
    return request;
}

awaitable<void> run_into(process_runner& runner, process_request request,
                         std::optional<result<process_outcome>>& outcome) {
    outcome = co_await runner.run(std::move(request));
}

process_outcome run(process_request request) {
    asio::io_context loop(1);
    auto runner = make_process_runner(loop.get_executor());
    std::optional<result<process_outcome>> outcome;
    asio::co_spawn(loop, run_into(*runner, std::move(request), outcome), [](std::exception_ptr e) {
        if (e) {
            std::rethrow_exception(e);
        }
    });
    loop.run();
    REQUIRE(outcome.has_value());
    REQUIRE(outcome->has_value());
    return **outcome;
}

} // namespace

TEST_CASE("what is given as input is what the program reads, to its end") {
    const std::string odd = "first\n" + std::string(3, '\0') + "\nthird\n" + std::string(300'000, 'x');
    auto request = shell("wc -c");
    request.input = odd;
    auto outcome = run(std::move(request));
    CHECK(outcome.ok());
    CHECK(outcome.output == std::to_string(odd.size()) + "\n");
    request = shell("cat");
    request.input = "one\ntwo\n";
    CHECK(run(std::move(request)).output == "one\ntwo\n");
    // One that does not read it ends as it likes.
    request = shell("exit 3");
    request.input = odd;
    CHECK(run(std::move(request)).exit_code == 3);
    CHECK(run(shell("wc -c")).output == "0\n");
}
