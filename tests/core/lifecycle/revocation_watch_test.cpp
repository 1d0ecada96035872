#include "core/base/stop_signal.hpp"
#include "tests/core/lifecycle/crl_fixture.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

using namespace evercert;
using namespace evercert::testing;
using std::chrono::hours;
using std::chrono::minutes;

TEST_CASE_METHOD(crl_bench,
                 "A certificate that is listed is revoked, another one is good; the list is fetched once") {
    publish(revoking(4));
    const auto revoked = ask("1001");
    CHECK(revoked.verdict == crl_verdict::revoked);
    CHECK(revoked.reason == 4);
    CHECK(revoked.revoked_at == november(19, 5) + seconds(7));
    CHECK(revoked.trouble.empty());
    const auto good = ask("1002");
    CHECK(good.verdict == crl_verdict::good);
    CHECK(good.trouble.empty());
    REQUIRE(http.seen.size() == 1);
    const http_request& request = http.seen[0].second;
    CHECK(request.method == "GET");
    CHECK(request.url == url);
    CHECK(request.allow_http);
    CHECK(request.body_limit == 16 * 1024 * 1024);
    CHECK(request.headers.empty());
    CHECK(events.count("crl.unusable") == 0);
    REQUIRE(events.count("crl.fetched") == 1);
    CHECK(events.last("crl.fetched")->level == severity::debug);
}

TEST_CASE_METHOD(crl_bench,
                 "A list is fetched again after half its life, within bounds, and not past its end") {
    struct row {
        hours lives;
        milliseconds from, to;
    };
    // With a jitter of up to an eighth; the list was published just now.
    const auto r = GENERATE(values<row>({
        {hours(24 * 9), hours(12), minutes(810)},
        {hours(24 * 365), hours(12), minutes(810)},
        {hours(8), hours(4), minutes(270)},
        {hours(3), minutes(90), minutes(102)},
        {hours(1), hours(1), hours(1)},
    }));
    crl_plan plan;
    plan.this_update = november(21);
    plan.next_update = november(21) + r.lives;
    publish(plan);
    const auto start = time.steady_now();
    const wall_time again = ask().ask_again;
    CHECK(again >= time.now() + r.from);
    CHECK(again <= time.now() + r.to + minutes(10));
    while (http.seen.size() == 1) {
        time.advance(minutes(1));
        ask();
    }
    CHECK(http.seen[1].first - start >= r.from);
    CHECK(http.seen[1].first - start <= r.to + minutes(1));
}

TEST_CASE_METHOD(crl_bench, "Lists of a few minutes are not asked for more often than every ten") {
    crl_plan plan;
    plan.this_update = november(21);
    plan.next_update = november(21) + minutes(2);
    publish(plan);
    CHECK(ask().verdict == crl_verdict::good);
    time.advance(minutes(3));
    CHECK(ask().verdict == crl_verdict::unknown);
    CHECK(http.seen.size() == 1);
}

TEST_CASE_METHOD(crl_bench, "All who ask for one list at once share one fetch, and come back spread") {
    publish(revoking());
    http.takes = seconds(3);
    std::set<wall_time> again;
    int good = 0;
    int revoked = 0;
    constexpr int askers = 2000;
    for (int i = 0; i < askers; ++i) {
        auto count = [&](const std::exception_ptr&, const crl_answer& answer) {
            good += answer.verdict == crl_verdict::good ? 1 : 0;
            revoked += answer.verdict == crl_verdict::revoked ? 1 : 0;
            again.insert(answer.ask_again);
        };
        asio::co_spawn(loop, watch->check(leaf(i % 10 == 0 ? "1001" : "1002"), issuer), count);
    }
    time.advance(seconds(4));
    CHECK(revoked == askers / 10);
    CHECK(good == askers - askers / 10);
    CHECK(http.seen.size() == 1);
    CHECK(watch->lists() == 1);
    CHECK(again.size() > askers / 2);
    CHECK(*again.rbegin() - *again.begin() <= minutes(10));
}

TEST_CASE_METHOD(crl_bench,
                 "At most two lists are fetched at the same time, in the order they were asked for") {
    publish(crl_plan{});
    http.takes = seconds(5);
    int done = 0;
    for (int i = 0; i < 9; ++i) {
        auto count = [&](const std::exception_ptr&, const crl_answer& answer) {
            done += answer.verdict == crl_verdict::good ? 1 : 1000;
        };
        const lifecycle::watched_leaf one{"1001", fmt::format("http://c.example/{}.crl", i)};
        asio::co_spawn(loop, watch->check(one, issuer), count);
    }
    time.advance(seconds(5 * 5));
    CHECK(done == 9);
    CHECK(http.most_at_once == 2);
    REQUIRE(http.seen.size() == 9);
    for (std::size_t i = 0; i < 9; ++i) {
        CHECK(http.seen[i].second.url == fmt::format("http://c.example/{}.crl", i));
    }
}

TEST_CASE_METHOD(crl_bench, "The next fetch is conditional, and what has not changed is kept") {
    publish(crl_plan{}, {{"ETag", "\"v1\""}, {"Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT"}});
    CHECK(ask().verdict == crl_verdict::good);
    publish(answered(304));
    for (int i = 1; i < 4; ++i) {
        time.advance(hours(14));
        CHECK(ask().verdict == crl_verdict::good);
        REQUIRE(http.seen.size() == static_cast<std::size_t>(i + 1));
        CHECK(http.seen.back().second.headers ==
              std::vector<http_header>{{"If-None-Match", "\"v1\""},
                                       {"If-Modified-Since", "Sat, 21 Nov 2026 00:00:00 GMT"}});
    }
    CHECK(events.count("crl.fetched") == 1);
    auto newer = revoking(5);
    newer.this_update = november(22);
    publish(newer);
    time.advance(hours(14));
    CHECK(ask().verdict == crl_verdict::revoked);
    time.advance(hours(14));
    ask();
    CHECK(http.seen.back().second.headers.empty()); // what the server no longer says is not sent
}

TEST_CASE_METHOD(crl_bench, "Headers of a server that could not stand in a request are not sent back") {
    publish(crl_plan{}, {{"ETag", "\"a\x80\""}, {"Last-Modified", std::string(300, 'x')}});
    ask();
    time.advance(hours(14));
    ask();
    REQUIRE(http.seen.size() == 2);
    CHECK(http.seen[1].second.headers.empty());
}

TEST_CASE_METHOD(crl_bench, "The answer at hand can be had without fetching") {
    CHECK_FALSE(watch->cached(leaf("1001"), *issuer).has_value());
    CHECK(http.seen.empty());
    publish(revoking());
    ask();
    CHECK(watch->cached(leaf("1001"), *issuer)->verdict == crl_verdict::revoked);
    CHECK(watch->cached(leaf("1002"), *issuer)->verdict == crl_verdict::good);
    CHECK_FALSE(watch->cached(leaf("not a number"), *issuer).has_value());
    CHECK_FALSE(watch->cached({"1001", "http://c.example/13.crl"}, *issuer).has_value());
    CHECK_FALSE(watch->cached(leaf("1001"), authority::make_root("Test Issuing").own()).has_value());
    time.advance(hours(24 * 30));
    CHECK(watch->cached(leaf("1001"), *issuer)->verdict == crl_verdict::revoked);
    CHECK(watch->cached(leaf("1002"), *issuer)->verdict == crl_verdict::unknown);
    CHECK(http.seen.size() == 1);
}

TEST_CASE_METHOD(crl_bench, "A list nobody asks about is forgotten after two days") {
    publish(crl_plan{});
    ask();
    ask({"1001", "http://c.example/13.crl"}, issuer);
    CHECK(watch->lists() == 2);
    for (int i = 0; i < 6; ++i) {
        time.advance(hours(12));
        ask();
    }
    CHECK(watch->lists() == 1);
}

TEST_CASE_METHOD(crl_bench, "One URL with two issuers is two lists; a cross-signed issuer is the same one") {
    const authority other = authority::make_root("Test Issuing");
    publish(revoking());
    CHECK(ask().verdict == crl_verdict::revoked);
    CHECK(ask(leaf("1001"), std::make_shared<crypto::certificate>(other.own())).verdict ==
          crl_verdict::unknown);
    const auto cross = authority::make_root("Root").cross_sign(ca);
    CHECK(ask(leaf("1001"), std::make_shared<crypto::certificate>(cross.own())).verdict ==
          crl_verdict::revoked);
    CHECK(http.seen.size() == 2);
}

TEST_CASE_METHOD(crl_bench, "Without an issuer or a serial number nothing is fetched and nothing is known") {
    publish(crl_plan{});
    CHECK(ask(leaf("1001"), nullptr).trouble.find("issuer") != std::string::npos);
    for (const auto* bad : {"", "1", "10:01", "100g"}) {
        const auto answer = ask(bad);
        CHECK(answer.verdict == crl_verdict::unknown);
        CHECK(answer.trouble.find("serial") != std::string::npos);
        CHECK(answer.ask_again > time.now());
    }
    CHECK(http.seen.empty());
}

namespace {

/// Askers that can be called off.
struct askers {
    explicit askers(crl_bench& b) : bench(b) {}

    void spawn(const std::string& url) {
        const auto one = [this, url]() -> awaitable<void> {
            const lifecycle::watched_leaf asked{"1001", url};
            const auto answer = co_await bench.watch->check(asked, bench.issuer);
            good += answer.verdict == crl_verdict::good ? 1 : 0;
        };
        // The coroutine outlives this call, its closure must as well.
        const auto held = std::make_shared<std::function<awaitable<void>()>>(one);
        auto done = [this, held](const std::exception_ptr& failed) { aborted += failed ? 1 : 0; };
        const auto signal = signals.emplace_back(std::make_shared<stop_signal>());
        asio::co_spawn(bench.loop, stop_signal::guard(signal, (*held)()),
                       asio::bind_cancellation_slot(signal->slot(), done));
    }

    crl_bench& bench;
    int good = 0;
    int aborted = 0;
    std::vector<std::shared_ptr<stop_signal>> signals;
};

} // namespace

TEST_CASE_METHOD(crl_bench, "When the one who fetches is cancelled, another takes over") {
    publish(crl_plan{});
    http.takes = seconds(10);
    askers all(*this);
    for (int i = 0; i < 3; ++i) {
        all.spawn("http://c.example/1.crl"); // 0 fetches, 1 and 2 wait for it
    }
    all.spawn("http://c.example/2.crl"); // 3 fetches
    all.spawn("http://c.example/3.crl"); // 4 and 5 wait for a place
    all.spawn("http://c.example/4.crl");
    time.advance(seconds(1));
    CHECK(http.under_way == 2);
    all.signals[4]->emit();
    all.signals[0]->emit();
    all.signals[1]->emit();
    time.advance(seconds(1));
    CHECK(all.aborted == 3);
    CHECK(http.under_way == 2);
    time.advance(seconds(60));
    CHECK(all.good == 3);
    CHECK(all.aborted == 3);
    CHECK(http.under_way == 0);
    CHECK(http.most_at_once == 2);
    CHECK(time.waiting() == 0);
}

TEST_CASE_METHOD(crl_bench, "Whoever is cancelled at whatever step, no place to fetch is lost") {
    publish(crl_plan{});
    for (int steps = 0; steps < 80; ++steps) {
        CAPTURE(steps);
        start();
        http.takes = milliseconds(0);
        askers all(*this);
        for (int i = 0; i < 5; ++i) {
            all.spawn(fmt::format("http://c.example/{}.crl", i));
        }
        loop.restart();
        for (int i = 0; i < steps; ++i) {
            loop.poll_one();
        }
        for (const auto& signal : all.signals) {
            signal->emit();
        }
        time.run_ready();
        http.takes = seconds(5);
        all.spawn("http://c.example/8.crl");
        all.spawn("http://c.example/9.crl");
        time.advance(seconds(1));
        CHECK(http.under_way == 2);
        time.advance(seconds(10));
    }
}

TEST_CASE_METHOD(crl_bench, "Lists are read in the worker pool, off the loop") {
    worker_pool threads(2);
    watch.emplace(http, time, *random, threads, events);
    publish(revoking());
    std::optional<crl_answer> out;
    asio::co_spawn(loop, watch->check(leaf("1001"), issuer),
                   [&out](const std::exception_ptr&, crl_answer answer) { out = std::move(answer); });
    loop.restart();
    while (!out && loop.run_one() > 0) {
    }
    REQUIRE(out.has_value());
    CHECK(out->verdict == crl_verdict::revoked);
}
