#include "core/base/task_group.hpp"
#include "systemd/watchdog.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/systemd/notify_socket.hpp"

#include <fmt/format.h>

using namespace evercert;
using std::chrono::microseconds;

TEST_CASE("The watchdog interval comes from the environment, once") {
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
    CHECK_FALSE(systemd::watchdog_interval().has_value());

    ::setenv("WATCHDOG_USEC", "60000000", 1);
    CHECK(systemd::watchdog_interval() == std::chrono::minutes(1));
    CHECK_FALSE(systemd::watchdog_interval().has_value());

    ::setenv("WATCHDOG_USEC", "60000000", 1);
    ::setenv("WATCHDOG_PID", fmt::format("{}", ::getpid() + 1).c_str(), 1);
    CHECK_FALSE(systemd::watchdog_interval().has_value());
}

TEST_CASE("The watchdog is pinged three times an interval until it is cancelled") {
    testing::notify_socket manager;
    asio::io_context loop;
    testing::fake_time time(loop);
    const systemd::notifier notify;
    task_group tasks(loop.get_executor(), nullptr);

    tasks.spawn("watchdog", systemd::keep_watchdog(time, notify, seconds(60)));
    time.run_ready();
    CHECK(manager.next() == "WATCHDOG=1");
    time.advance(seconds(19));
    CHECK(manager.next().empty());
    time.advance(seconds(1));
    CHECK(manager.next() == "WATCHDOG=1");
    CHECK(manager.next().empty());
    time.advance(seconds(60));
    for (int i = 0; i < 3; ++i) {
        CHECK(manager.next() == "WATCHDOG=1");
    }
    CHECK(manager.next().empty());

    tasks.cancel();
    time.run_ready();
    CHECK(tasks.size() == 0);
}
