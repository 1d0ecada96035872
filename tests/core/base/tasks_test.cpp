#include "core/base/task_group.hpp"
#include "core/base/worker_pool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <stdexcept>
#include <thread>

using namespace evercert;
using namespace evercert::testing;

namespace {

awaitable<void> sleeper(time_source& time, steady_time::duration how_long, int& finished) {
    const bool passed = co_await sleep_for(time, how_long); // g++ 12 miscompiles co_await inside a condition
    finished += passed ? 1 : 0;
}
awaitable<void> thrower() {
    throw std::runtime_error("our mistake");
    co_return;
}
awaitable<void> joiner(task_group& group, bool& joined) {
    co_await group.join();
    joined = true;
}

} // namespace

TEST_CASE("a group is joined when its last child has ended") {
    asio::io_context loop;
    fake_time time(loop);
    std::vector<std::string> reports;
    task_group group(loop.get_executor(),
                     [&](const auto& task, const auto& what) { reports.push_back(task + ": " + what); });
    int finished = 0;
    bool joined = false;
    group.spawn("a", sleeper(time, std::chrono::seconds(1), finished));
    group.spawn("b", sleeper(time, std::chrono::seconds(2), finished));
    asio::co_spawn(loop, joiner(group, joined), asio::detached);
    time.advance(milliseconds(1500));
    CHECK(finished == 1);
    CHECK_FALSE(joined);
    time.advance(milliseconds(500));
    CHECK(finished == 2);
    CHECK(joined);
    CHECK(reports.empty());
}

TEST_CASE("cancelling is silent, an exception is reported once") {
    asio::io_context loop;
    fake_time time(loop);
    std::vector<std::string> reports;
    task_group group(loop.get_executor(),
                     [&](const auto& task, const auto& what) { reports.push_back(task + ": " + what); });
    int finished = 0;
    group.spawn("long", sleeper(time, std::chrono::hours(9000), finished));
    group.spawn("broken", thrower());
    time.run_ready();
    REQUIRE(reports == std::vector<std::string>{"broken: our mistake"});
    CHECK(group.size() == 1);
    group.cancel();
    time.run_ready();
    CHECK(group.size() == 0);
    CHECK(finished == 0);
    CHECK(reports.size() == 1);
    CHECK(time.waiting() == 0);
}

TEST_CASE("a child that is cancelled before its first step ends without a sound") {
    asio::io_context loop;
    fake_time time(loop);
    std::vector<std::string> reports;
    task_group group(loop.get_executor(),
                     [&](const auto& task, const auto& what) { reports.push_back(task + ": " + what); });
    int finished = 0;
    group.spawn("never", sleeper(time, std::chrono::seconds(1), finished));
    group.cancel();
    time.advance(std::chrono::seconds(2));
    CHECK(group.size() == 0);
    CHECK(finished == 0);
    CHECK(reports.empty());
}

TEST_CASE("9,000 hours pass in no time, in the right order") {
    asio::io_context loop;
    fake_time time(loop);
    task_group group(loop.get_executor(), {});
    int early = 0;
    int late = 0;
    group.spawn("late", sleeper(time, std::chrono::hours(9000), late));
    group.spawn("early", sleeper(time, std::chrono::hours(1), early));
    const wall_time before = time.now();
    REQUIRE(time.run_until([&] { return early == 1; }));
    CHECK(late == 0);
    CHECK(time.now() - before == std::chrono::hours(1));
    REQUIRE(time.run_until([&] { return late == 1; }));
    CHECK(time.now() - before == std::chrono::hours(9000));
}

TEST_CASE("work runs on another thread and its result comes back on the loop") {
    asio::io_context loop;
    worker_pool pool(2);
    std::thread::id worker;
    std::thread::id after;
    int value = 0;
    auto task = [&]() -> awaitable<void> {
        auto work = [&]() -> result<int> {
            worker = std::this_thread::get_id();
            return 42;
        };
        auto answer = co_await pool.run(work);
        after = std::this_thread::get_id();
        value = *answer;
    };
    asio::co_spawn(loop, task(), asio::detached);
    loop.run();
    CHECK(value == 42);
    CHECK(after == std::this_thread::get_id());
    CHECK(worker != after);
}

TEST_CASE("an exception in background work is an error of its own kind") {
    asio::io_context loop;
    worker_pool pool(1);
    result<void> outcome;
    auto task = [&]() -> awaitable<void> {
        auto work = []() -> result<void> { throw std::runtime_error("oops"); };
        outcome = co_await pool.run(work);
    };
    asio::co_spawn(loop, task(), asio::detached);
    loop.run();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == errc::internal);
    CHECK(outcome.error().message.find("oops") != std::string::npos);
}
