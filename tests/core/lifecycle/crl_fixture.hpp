#pragma once
// A revocation watch on a fake clock, before a scripted place that publishes CRLs.
#include "core/lifecycle/revocation_watch.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/test_crl.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evercert::testing {

using lifecycle::crl_answer;
using lifecycle::crl_verdict;

class scripted_crls final : public http_client {
public:
    explicit scripted_crls(time_source& time) : time_(time) {}

    awaitable<result<http_response>> send(http_request request) override {
        seen.emplace_back(time_.steady_now(), request);
        struct counted {
            unsigned& under_way;
            explicit counted(unsigned& n) : under_way(n) { ++under_way; }
            ~counted() { --under_way; }
        };
        const counted here(under_way);
        most_at_once = std::max(most_at_once, under_way);
        if (takes > milliseconds(0)) {
            co_await sleep_for(time_, takes);
        }
        co_return answer(request);
    }

    std::function<result<http_response>(const http_request&)> answer;
    milliseconds takes{0};
    std::vector<std::pair<steady_time, http_request>> seen;
    unsigned under_way = 0;
    unsigned most_at_once = 0;

private:
    time_source& time_;
};

inline http_response answered(unsigned status, std::string body = {}, std::vector<http_header> headers = {}) {
    http_response out;
    out.status = status;
    out.body = std::move(body);
    out.headers = std::move(headers);
    return out;
}

struct crl_bench {
    crl_bench() { start(); }

    void start() { watch.emplace(http, time, *random, workers, events); }

    /// From now on this list is published.
    void publish(const crl_plan& plan, std::vector<http_header> headers = {}) {
        publish(answered(200, make_crl(ca, plan), std::move(headers)));
    }
    void publish(result<http_response> what) {
        http.answer = [what = std::move(what)](const http_request&) { return what; };
    }

    [[nodiscard]] lifecycle::watched_leaf leaf(std::string serial) const { return {std::move(serial), url}; }

    /// One question, to its end.
    crl_answer ask(const std::string& serial = "1001") { return ask(leaf(serial), issuer); }
    crl_answer ask(lifecycle::watched_leaf leaf, std::shared_ptr<const crypto::certificate> by) {
        std::optional<crl_answer> out;
        asio::co_spawn(loop, watch->check(std::move(leaf), std::move(by)),
                       [&out](const std::exception_ptr& failed, crl_answer answer) {
                           REQUIRE_FALSE(failed);
                           out = std::move(answer);
                       });
        REQUIRE(time.run_until([&out] { return out.has_value(); }, std::chrono::hours(1)));
        return std::move(*out);
    }

    asio::io_context loop;
    fake_time time{loop};
    std::unique_ptr<random_source> random = make_seeded_random(7);
    worker_pool workers{0};
    recorded_events events;
    scripted_crls http{time};
    std::optional<lifecycle::revocation_watch> watch;
    authority ca = authority::make_root("Test Issuing");
    std::shared_ptr<const crypto::certificate> issuer = std::make_shared<crypto::certificate>(ca.own());
    std::string url = "http://c.example/12.crl";
};

/// A list on which 1001 is revoked with this reason.
inline crl_plan revoking(int reason = 1) {
    crl_plan plan;
    plan.entries.push_back({"1001", reason});
    return plan;
}

} // namespace evercert::testing
