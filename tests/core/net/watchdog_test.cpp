#include "core/net/watchdog.hpp"
#include "tests/core/net/fixture.hpp"

using namespace evercert;
using namespace evercert::testing;
using net::socket_clock;
using net::watchdog;

namespace {

struct watched {
    asio::io_context loop;
    watchdog dog{loop.get_executor()};
    int barked = 0;

    void set(milliseconds from_now) {
        dog.set(socket_clock() + from_now, [this] { ++barked; });
    }
    /// Until nothing is waited for any more.
    void run_out() {
        loop.restart();
        loop.run_for(seconds(10));
        CHECK(loop.stopped());
    }
};

} // namespace

TEST_CASE("A watchdog acts once, when its time has come") {
    watched w;
    w.set(milliseconds(20));
    CHECK_FALSE(w.dog.expired());
    const auto due = socket_clock() + milliseconds(20);
    w.run_out();
    CHECK(w.barked == 1);
    CHECK(w.dog.expired());
    CHECK(socket_clock() >= due - milliseconds(20));
    w.set(milliseconds(1));
    CHECK_FALSE(w.dog.expired());
    w.run_out();
    CHECK(w.barked == 2);
}

TEST_CASE("A deadline that is moved counts from then, to later as to earlier") {
    watched w;
    const auto start = socket_clock();
    w.set(milliseconds(5));
    w.set(milliseconds(60));
    w.run_out();
    CHECK(w.barked == 1);
    CHECK(socket_clock() - start >= milliseconds(60));
    w.set(std::chrono::hours(1));
    w.set(milliseconds(5));
    w.run_out();
    CHECK(w.barked == 2);
}

TEST_CASE("What is cleared or disarmed does not act, and can be set anew") {
    watched w;
    w.set(milliseconds(1));
    w.dog.clear();
    w.run_out();
    w.set(milliseconds(1));
    w.dog.disarm();
    w.run_out();
    CHECK(w.barked == 0);
    CHECK_FALSE(w.dog.expired());
    w.set(milliseconds(5));
    w.dog.disarm();
    w.set(milliseconds(10));
    w.run_out();
    CHECK(w.barked == 1);
}

TEST_CASE("Nothing waits for a watchdog that is gone") {
    asio::io_context loop;
    int barked = 0;
    {
        watchdog dog(loop.get_executor());
        dog.set(socket_clock() + std::chrono::hours(1), [&] { ++barked; });
        dog.set(socket_clock() + std::chrono::hours(2), [&] { ++barked; });
        dog.disarm();
    }
    loop.run_for(seconds(10));
    CHECK(loop.stopped());
    CHECK(barked == 0);
}

TEST_CASE("The action may destroy its watchdog") {
    asio::io_context loop;
    auto dog = std::make_unique<watchdog>(loop.get_executor());
    dog->set(socket_clock() + milliseconds(1), [&] { dog.reset(); });
    loop.run_for(seconds(10));
    CHECK(dog == nullptr);
    CHECK(loop.stopped());
}
