// No window of time may ever hold more requests than the CA takes, and nobody waits longer than that needs.
#include "core/acme/request_pace.hpp"
#include "tests/core/acme/acme_fixture.hpp"

#include <algorithm>
#include <functional>

using namespace evercert;
using namespace evercert::acme;
using namespace evercert::acme::testing;

namespace {

struct sent {
    std::size_t who;
    steady_time when;
};

awaitable<void> send_one(request_pace* pace, time_source* time, std::size_t who, std::vector<sent>* log) {
    co_await pace->take();
    log->push_back({who, time->steady_now()});
}

/// Asks after a second, as number 99.
awaitable<void> send_late(request_pace* pace, time_source* time, timer* alarm, std::vector<sent>* log) {
    co_await alarm->wait_until(time->steady_now() + seconds(1));
    co_await send_one(pace, time, 99, log);
}

struct pace_fixture {
    asio::io_context loop{1};
    fake_time time{loop};
    steady_time begin = time.steady_now();
    std::vector<sent> log;
    std::vector<std::unique_ptr<asio::cancellation_signal>> stops;
    std::size_t aborted = 0;

    /// The numbers of those who ask are in order of asking.
    void ask(request_pace& pace, std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t who = stops.size();
            stops.push_back(std::make_unique<asio::cancellation_signal>());
            auto on_end = [this](std::exception_ptr e) { aborted += e ? 1U : 0U; };
            asio::co_spawn(loop, send_one(&pace, &time, who, &log),
                           asio::bind_cancellation_slot(stops.back()->slot(), std::move(on_end)));
        }
        time.run_ready();
    }
    void stop(std::size_t who) {
        stops[who]->emit(asio::cancellation_type::all);
        time.run_ready();
    }
    [[nodiscard]] std::vector<std::int64_t> moments() const { // in ms
        std::vector<std::int64_t> all;
        for (const auto& one : log) {
            all.push_back(std::chrono::duration_cast<milliseconds>(one.when - begin).count());
        }
        return all;
    }
    [[nodiscard]] std::vector<std::size_t> order() const {
        std::vector<std::size_t> all;
        for (const auto& one : log) {
            all.push_back(one.who);
        }
        return all;
    }
};

/// In every window between two requests there are at most as many as the bucket gives.
void check_windows(const std::vector<steady_time>& sent_at, rate limit) {
    const auto period = std::chrono::nanoseconds(limit.period).count();
    for (std::size_t i = 0; i < sent_at.size(); ++i) {
        for (std::size_t j = i; j < sent_at.size(); ++j) {
            const auto window = std::chrono::nanoseconds(sent_at[j] - sent_at[i]).count();
            const auto come_back = static_cast<std::size_t>(window * std::int64_t(limit.capacity) / period);
            if (j - i + 1 > limit.capacity + come_back) {
                CAPTURE(i, j, window);
                FAIL("more requests in a window than the limit allows");
            }
        }
    }
}

std::vector<steady_time> times_of(const std::vector<sent>& log) {
    std::vector<steady_time> all;
    for (const auto& one : log) {
        all.push_back(one.when);
    }
    return all;
}

} // namespace

TEST_CASE("fifty requests at ten per second: ten at once, then one every 100 ms, in order") {
    pace_fixture f;
    const rate limit{10, seconds(1)};
    request_pace pace(limit, f.time);
    f.ask(pace, 50);
    CHECK(f.log.size() == 10);
    f.time.advance(seconds(10));
    REQUIRE(f.log.size() == 50);
    std::vector<std::int64_t> expected(10, 0);
    for (int i = 1; i <= 40; ++i) {
        expected.push_back(100 * i);
    }
    CHECK(f.moments() == expected);
    const auto order = f.order();
    CHECK(std::ranges::is_sorted(order));
    check_windows(times_of(f.log), limit);
    CHECK(f.time.waiting() == 0);
}

TEST_CASE("a rest fills the bucket, and never more than that") {
    pace_fixture f;
    request_pace pace(rate{3, seconds(3)}, f.time);
    f.time.advance(std::chrono::hours(24));
    f.begin = f.time.steady_now();
    f.ask(pace, 5);
    CHECK(f.log.size() == 3);
    f.time.advance(milliseconds(2500));
    CHECK(f.moments() == std::vector<std::int64_t>{0, 0, 0, 1000, 2000});
    f.ask(pace, 2); // half a token is there
    f.time.advance(seconds(5));
    CHECK(f.moments() == std::vector<std::int64_t>{0, 0, 0, 1000, 2000, 3000, 4000});
}

TEST_CASE("without a limit nobody waits") {
    pace_fixture f;
    request_pace pace(rate{}, f.time);
    f.ask(pace, 1000);
    CHECK(f.log.size() == 1000);
    CHECK(f.time.waiting() == 0);
}

TEST_CASE("who is cancelled leaves the line and spends nothing") {
    pace_fixture f;
    request_pace pace(rate{1, seconds(1)}, f.time);
    f.ask(pace, 6);
    SECTION("the one in front") {
        f.time.advance(milliseconds(300));
        f.stop(1);
        f.time.advance(seconds(10));
        CHECK(f.order() == std::vector<std::size_t>{0, 2, 3, 4, 5});
        CHECK(f.moments() == std::vector<std::int64_t>{0, 1000, 2000, 3000, 4000});
    }
    SECTION("some in the middle and the last") {
        f.stop(3);
        f.stop(2);
        f.stop(5);
        f.time.advance(seconds(10));
        CHECK(f.order() == std::vector<std::size_t>{0, 1, 4});
        CHECK(f.moments() == std::vector<std::int64_t>{0, 1000, 2000});
    }
    SECTION("all, one after the other, from the front; the next one to ask gets the token") {
        for (std::size_t i = 1; i < 6; ++i) {
            f.stop(i);
        }
        CHECK(f.aborted == 5);
        CHECK(f.time.waiting() == 0);
        f.ask(pace);
        f.time.advance(seconds(1));
        CHECK(f.order() == std::vector<std::size_t>{0, 6});
    }
    CHECK(f.time.waiting() == 0);
}

TEST_CASE("whoever asks while others wait stands behind them") {
    pace_fixture f;
    request_pace pace(rate{2, seconds(1)}, f.time);
    f.ask(pace, 4);
    for (int i = 0; i < 8; ++i) {
        f.time.advance(milliseconds(250));
        f.ask(pace);
    }
    f.time.advance(seconds(20));
    REQUIRE(f.log.size() == 12);
    const auto order = f.order();
    CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("whoever asks in the moment at which a token comes stands behind those who waited for it") {
    pace_fixture f;
    request_pace pace(rate{1, seconds(1)}, f.time);
    const auto alarm = f.time.make_timer();
    asio::co_spawn(f.loop, send_late(&pace, &f.time, alarm.get(), &f.log), [](std::exception_ptr) {});
    f.time.run_ready(); // its timer is set before that of the one in front
    f.ask(pace, 3);
    f.time.advance(seconds(10));
    CHECK(f.order() == std::vector<std::size_t>{0, 1, 2, 99});
    CHECK(f.moments() == std::vector<std::int64_t>{0, 1000, 2000, 3000});
}

TEST_CASE(
    "at any rate and any arrivals no window is exceeded and no token is left lying while somebody waits") {
    const std::vector<rate> rates = {{1, milliseconds(1)}, {3, seconds(1)},   {7, seconds(10)},
                                     {20, seconds(1)},     {300, seconds(3)}, {1, std::chrono::hours(1)}};
    const auto random = make_seeded_random(11);
    for (const rate limit : rates) {
        CAPTURE(limit.capacity, limit.period.count());
        pace_fixture f;
        request_pace pace(limit, f.time);
        const auto interval = std::chrono::nanoseconds(limit.period) / limit.capacity;
        std::vector<steady_time> arrivals;
        for (int i = 0; i < 400; ++i) {
            f.time.advance(interval * random->between(0, 300) / 100);
            const auto burst = static_cast<std::size_t>(random->between(0, 3));
            f.ask(pace, burst);
            arrivals.insert(arrivals.end(), burst, f.time.steady_now());
        }
        f.time.advance(limit.period * 1000);
        REQUIRE(f.log.size() == arrivals.size());
        const auto sent_at = times_of(f.log);
        check_windows(sent_at, limit);
        // The same bucket in the plainest words: who comes is served as soon as the one before him is and a
        // whole token is there. A token's part of a nanosecond per request may be lost to rounding.
        double tokens = limit.capacity;
        steady_time then = f.begin;
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            const steady_time ready = std::max(arrivals[i], then);
            tokens = std::min<double>(limit.capacity,
                                      tokens + std::chrono::duration<double>(ready - then) / interval);
            const auto wait = std::chrono::duration<double>(interval) * std::max(0.0, 1.0 - tokens);
            const double late = std::chrono::duration<double>(sent_at[i] - ready).count() - wait.count();
            if (late > 1e-6 || late < -1e-6) {
                CAPTURE(i, late);
                FAIL("served too late or too early");
            }
            then = sent_at[i];
            tokens = std::min<double>(limit.capacity,
                                      tokens + std::chrono::duration<double>(then - ready) / interval) -
                     1.0;
        }
    }
}

TEST_CASE("every request of a session keeps to the issuer's limit, signed or not") {
    issuer limited = acme_fixture::test_issuer();
    limited.limits.requests = rate{4, seconds(1)};
    acme_fixture f(limited);
    f.ca.renewal_info_path = "/renewal-info";
    std::vector<steady_time> sent_at;
    f.ca.before = [&](const ca_request&) -> std::optional<result<http_response>> {
        sent_at.push_back(f.time.steady_now());
        return std::nullopt;
    };
    const auto begin = f.time.steady_now();
    REQUIRE(f.all(names({"a.example.com", "b.example.com", "c.example.com"})));
    CHECK_FALSE(f.run(f.acme->fetch_renewal_info("YQ.AQ")));
    REQUIRE(f.ca.count("GET /directory") == 1);
    REQUIRE(f.ca.count("HEAD /new-nonce") >= 1);
    REQUIRE(f.ca.count("GET /renewal-info/YQ.AQ") == 1);
    REQUIRE(sent_at.size() == f.ca.log.size());
    REQUIRE(sent_at.size() > 12);
    check_windows(sent_at, limited.limits.requests);
    CHECK(f.time.steady_now() - begin >= milliseconds(250) * static_cast<int>(sent_at.size() - 4));
}

TEST_CASE("repetitions after hiccups and refused nonces wait their turn too") {
    issuer limited = acme_fixture::test_issuer();
    limited.limits.requests = rate{1, seconds(10)};
    acme_fixture f(limited);
    f.ca.before = [&](const ca_request& r) -> std::optional<result<http_response>> {
        if (r.path == "/directory") {
            return result<http_response>(fail(errc::network, "connection reset"));
        }
        return std::nullopt;
    };
    const auto begin = f.time.steady_now();
    CHECK_FALSE(f.run(f.acme->describe()));
    CHECK(f.ca.count("GET /directory") == 3);
    CHECK(f.time.steady_now() - begin == seconds(20));
}

TEST_CASE("an issuance that is cancelled while it waits for its turn ends at once") {
    issuer limited = acme_fixture::test_issuer();
    limited.limits.requests = rate{1, std::chrono::hours(1)};
    acme_fixture f(limited);
    f.acme->use_account(test_key(), "https://ca.example/account/1");
    asio::cancellation_signal stop;
    bool ended = false;
    auto on_end = [&](std::exception_ptr, const outcome<issued>&) { ended = true; };
    asio::co_spawn(f.loop, f.acme->issue(f.request_for(names({"a.example.com"}))),
                   asio::bind_cancellation_slot(stop.slot(), std::move(on_end)));
    f.time.advance(seconds(5));
    CHECK(f.ca.log == std::vector<std::string>{"GET /directory"});
    stop.emit(asio::cancellation_type::all);
    f.time.run_ready();
    CHECK(ended);
}
