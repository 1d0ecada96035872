#include "solvers/dns01/name_queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <vector>

using namespace evercert;
using namespace evercert::testing;
using solvers::name_queue;

namespace {

struct queue_fixture {
    asio::io_context loop;
    fake_time time{loop};
    name_queue queue{time};
    std::vector<std::string> log;

    /// Enters, stays a while, leaves.
    void visit(const std::string& who, const std::string& name, seconds stay,
               seconds patience = seconds(1000)) {
        auto task = [](queue_fixture& f, std::string w, std::string n, seconds s,
                       seconds p) -> awaitable<void> {
            auto turn = co_await f.queue.enter(n, f.time.steady_now() + p);
            if (!turn) {
                f.log.push_back(w + " gave up");
                co_return;
            }
            f.log.push_back(w + " in");
            co_await sleep_for(f.time, s);
            f.log.push_back(w + " out");
        };
        asio::co_spawn(loop, task(*this, who, name, stay, patience), asio::detached);
    }
};

using lines = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(queue_fixture,
                 "turns of one name are given in the order of coming; other names do not wait") {
    visit("a", "x", seconds(10));
    visit("b", "x", seconds(10));
    visit("c", "x", seconds(10));
    visit("d", "y", seconds(1));
    time.advance(seconds(5));
    CHECK(log == lines{"a in", "d in", "d out"});
    CHECK(queue.names() == 1);
    time.advance(seconds(100));
    CHECK(log == lines{"a in", "d in", "d out", "a out", "b in", "b out", "c in", "c out"});
    CHECK(queue.names() == 0);
}

TEST_CASE_METHOD(queue_fixture, "who gives up leaves no gap") {
    visit("a", "x", seconds(10));
    visit("b", "x", seconds(10), seconds(3));
    visit("c", "x", seconds(10));
    time.advance(seconds(50));
    CHECK(log == lines{"a in", "b gave up", "a out", "c in", "c out"});
    CHECK(queue.names() == 0);
}

TEST_CASE_METHOD(queue_fixture, "a turn can be left early, moved, and outlive the queue") {
    name_queue::turn kept;
    {
        name_queue short_lived(time);
        auto task = [](name_queue& q, fake_time& t, name_queue::turn& out) -> awaitable<void> {
            auto turn = co_await q.enter("x", t.steady_now());
            out = std::move(*turn);
        };
        asio::co_spawn(loop, task(short_lived, time, kept), asio::detached);
        time.run_ready();
        CHECK(short_lived.names() == 1);
    }
    kept.leave();
    kept.leave();
}
