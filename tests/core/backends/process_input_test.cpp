// What a program finds on its standard input.
#include "tests/core/backends/running.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace evercert;
using testing::shell;

namespace {

process_outcome run(process_request request) {
    auto outcome = testing::try_run(std::move(request));
    REQUIRE(outcome.has_value());
    return *outcome;
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
