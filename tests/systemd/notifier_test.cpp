#include "systemd/notifier.hpp"
#include "tests/support/catch.hpp"
#include "tests/systemd/notify_socket.hpp"

using namespace evercert;

TEST_CASE("The notifier sends what the service manager expects") {
    testing::notify_socket manager;
    REQUIRE(manager.bound());
    const systemd::notifier notify;

    SECTION("ready") {
        notify.ready("3 certificates");
        CHECK(manager.next() == "READY=1\nSTATUS=3 certificates");
    }
    SECTION("status") {
        notify.status("ordering example");
        CHECK(manager.next() == "STATUS=ordering example");
    }
    SECTION("reloading carries the monotonic time in microseconds") {
        notify.reloading(steady_time(seconds(12) + milliseconds(34)));
        CHECK(manager.next() == "RELOADING=1\nMONOTONIC_USEC=12034000");
    }
    SECTION("stopping") {
        notify.stopping("finishing 2 orders");
        CHECK(manager.next() == "STOPPING=1\nSTATUS=finishing 2 orders");
    }
    SECTION("watchdog") {
        notify.watchdog();
        CHECK(manager.next() == "WATCHDOG=1");
    }
    SECTION("a line break in a status cannot begin another assignment") {
        notify.status("CA said\nSTOPPING=1");
        CHECK(manager.next() == "STATUS=CA said\\nSTOPPING=1");
    }
    CHECK(manager.next().empty());
}

TEST_CASE("Without a notify socket the notifier does nothing") {
    ::unsetenv("NOTIFY_SOCKET");
    const systemd::notifier notify;
    notify.ready("nobody hears this");
    notify.watchdog();
    ::setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    notify.stopping("nor this");
    ::unsetenv("NOTIFY_SOCKET");
    SUCCEED("no crash, no wait");
}
