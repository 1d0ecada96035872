#include "daemon/late_solver.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <vector>

using namespace evercert;
using namespace evercert::daemon;

namespace {

using calls = std::vector<std::string>;

class counting_solver final : public solver {
public:
    explicit counting_solver(calls& seen) : seen_(seen) {}
    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "dns-01"; }
    [[nodiscard]] bool remembered() const noexcept override { return true; }
    awaitable<result<void>> present(challenge_task) override {
        seen_.emplace_back("present");
        co_return result<void>();
    }
    awaitable<result<void>> wait_ready(challenge_task) override {
        seen_.emplace_back("ready");
        co_return result<void>();
    }
    awaitable<void> clean_up(challenge_task) override {
        seen_.emplace_back("clean");
        co_return;
    }

private:
    calls& seen_;
};

template <class Task>
void run(Task task) {
    asio::io_context loop(1);
    asio::co_spawn(loop, std::move(task), [](std::exception_ptr e, auto&&...) {
        if (e) {
            std::rethrow_exception(e);
        }
    });
    loop.run();
}

awaitable<void> keep(awaitable<result<void>> task, result<void>& into) {
    into = co_await std::move(task);
}

} // namespace

TEST_CASE("A solver that comes late says why it is not there, and is made once") {
    calls seen;
    bool there = false;
    int made = 0;
    late_solver late("dns-01", [&]() -> result<std::unique_ptr<solver>> {
        if (!there) {
            return fail(errc::not_found, "there is no credential");
        }
        ++made;
        return std::make_unique<counting_solver>(seen);
    });
    const challenge_task task(parse_identifier("one.test").value(), "token", "token.thumbprint");
    result<void> outcome;
    CHECK(late.challenge_type() == "dns-01");
    CHECK(late.make().error().message == "there is no credential");
    run(keep(late.present(task), outcome));
    CHECK(outcome.error().message == "there is no credential");
    run(keep(late.wait_ready(task), outcome));
    CHECK(outcome.error().message == "there is no credential");
    run(late.clean_up(task));
    CHECK(seen.empty());
    there = true;
    CHECK(late.make().has_value());
    CHECK(late.make().has_value());
    run(keep(late.present(task), outcome));
    CHECK(outcome.has_value());
    run(keep(late.wait_ready(task), outcome));
    run(late.clean_up(task));
    CHECK(seen == calls{"present", "ready", "clean"});
    CHECK(made == 1);
}
