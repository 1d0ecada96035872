#include "core/base/stop_signal.hpp"
#include "core/net/turnstile.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

using namespace evercert;

namespace {

struct setup {
    explicit setup(std::size_t places) : line(loop.get_executor(), places) {}

    /// Goes in, and stays until it is let out.
    struct visitor {
        explicit visitor(asio::io_context& loop) : leave(loop, steady_time_never()) {}
        static std::chrono::steady_clock::time_point steady_time_never() {
            return std::chrono::steady_clock::time_point::max();
        }
        asio::steady_timer leave;
        std::shared_ptr<stop_signal> cancel = std::make_shared<stop_signal>();
        bool inside = false;
        bool gone = false;
    };

    static awaitable<void> visit(setup& self, visitor& who, int number) {
        const auto place = co_await self.line.enter();
        self.order.push_back(number);
        who.inside = true;
        boost::system::error_code ec;
        co_await who.leave.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        who.inside = false;
    }
    visitor& come() {
        visitors.push_back(std::make_unique<visitor>(loop));
        visitor& who = *visitors.back();
        auto done =
            asio::bind_cancellation_slot(who.cancel->slot(), [&who](std::exception_ptr) { who.gone = true; });
        auto task = stop_signal::guard(who.cancel, visit(*this, who, static_cast<int>(visitors.size())));
        asio::co_spawn(loop, std::move(task), std::move(done));
        step();
        return who;
    }
    void step() {
        loop.restart();
        loop.poll();
    }

    asio::io_context loop;
    net::turnstile line;
    std::vector<int> order;
    std::vector<std::unique_ptr<visitor>> visitors;
};

} // namespace

TEST_CASE("The turnstile lets in as many as it has places, and then who came first") {
    setup s(2);
    auto& a = s.come();
    auto& b = s.come();
    auto& c = s.come();
    s.come();
    CHECK(s.order == std::vector{1, 2});
    CHECK(s.line.waiting() == 2);
    b.leave.cancel();
    s.step();
    CHECK(s.order == std::vector{1, 2, 3});
    a.leave.cancel();
    c.leave.cancel();
    s.step();
    CHECK(s.order == std::vector{1, 2, 3, 4});
    s.come();
    CHECK(s.order == std::vector{1, 2, 3, 4, 5});
    for (const auto& each : s.visitors) {
        each->leave.cancel();
    }
    s.step();
    CHECK(s.line.waiting() == 0);
}

TEST_CASE("Who is cancelled in the turnstile's line leaves no place behind, nor one taken") {
    setup s(1);
    auto& a = s.come();
    auto& b = s.come();
    auto& c = s.come();
    auto& d = s.come();
    b.cancel->emit();
    s.step();
    CHECK(b.gone);
    CHECK(s.line.waiting() == 2);
    // Cancelled, and called before it has seen that: the place goes on to the next.
    c.cancel->emit();
    a.leave.cancel();
    s.step();
    CHECK(c.gone);
    CHECK(d.inside);
    CHECK(s.order == std::vector{1, 4});
    d.leave.cancel();
    s.step();
    CHECK(s.come().inside);
    s.visitors.back()->leave.cancel();
    s.step();
}
