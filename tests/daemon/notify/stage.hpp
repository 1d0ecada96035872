#pragma once
// Certificates whose state a test sets, and a channel that keeps what it is given.
#include "daemon/notify/notifier.hpp"
#include "tests/daemon/control/fake_engine.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <deque>
#include <memory>
#include <string>

namespace evercert::testing {

using config::news;

/// What a channel has got, and what it answers; nothing left to answer: delivered.
struct mailbox {
    std::vector<daemon::message> got; ///< each try
    std::deque<daemon::refusal> refusals;
    bool hangs = false;
};

class kept_channel final : public daemon::channel {
public:
    kept_channel(std::shared_ptr<mailbox> box, time_source& time) : box_(std::move(box)), time_(time) {}
    awaitable<daemon::delivery> deliver(daemon::message what) override {
        box_->got.push_back(std::move(what));
        if (box_->hangs) {
            auto never = time_.make_timer();
            co_await never->wait_until(steady_time::max());
        }
        if (box_->refusals.empty()) {
            co_return std::string();
        }
        daemon::refusal next = std::move(box_->refusals.front());
        box_->refusals.pop_front();
        co_return std::unexpected(std::move(next));
    }
    [[nodiscard]] std::string target() const override { return "a box"; }

private:
    std::shared_ptr<mailbox> box_;
    time_source& time_;
};

inline daemon::refusal not_now() {
    return {error(errc::busy, "not now"), false};
}

inline config::notification rule(std::string name = "box") {
    config::notification made;
    made.name = std::move(name);
    made.how = config::webhook_channel{
        .url = "https://h.example", .secret_file = {}, .secret_credential = {}, .trust = {}};
    return made;
}
/// The same, told of everything.
inline config::notification everything() {
    config::notification all = rule();
    all.on = {news::revoked, news::failing, news::expiring, news::recovered, news::renewed};
    return all;
}

/// sample_status (90 days, 59 left) that has failed so often.
inline lifecycle::certificate_status failing(const std::string& name, unsigned failures = 3,
                                             const std::string& problem_class = "later") {
    lifecycle::certificate_status one = sample_status(name);
    one.where = lifecycle::state::failing;
    one.failures = failures;
    one.problem_class = problem_class;
    one.problem = "the CA could not connect to " + name + ". What to do: open port 80";
    one.next_cause = lifecycle::cause::retry;
    one.next_run = *one.last_success + std::chrono::days(31) + std::chrono::minutes(10);
    lifecycle::issuer_state at;
    at.name = "letsencrypt";
    at.failures = failures;
    at.problem_class = problem_class;
    at.problem = one.problem;
    at.first_failure = *one.last_success + std::chrono::days(30);
    at.last_failure = *one.last_success + std::chrono::days(31);
    one.at.push_back(at);
    return one;
}

/// The notifier with a world around it. stop() or crash() before it goes.
struct stage {
    explicit stage(memory_store::image disk = {}) : files(std::move(disk)) {}
    ~stage() {
        if (notices) {
            stop();
        }
    }

    void start(std::vector<config::notification> rules) {
        daemon::notifier_parts parts{
            .show = [this](std::string_view name) -> std::optional<lifecycle::certificate_status> {
                ++shown;
                const auto at = all.find(name);
                return at == all.end() ? std::nullopt : std::optional(at->second);
            },
            .list =
                [this](std::string_view after, std::size_t most) {
                    std::vector<lifecycle::certificate_status> some;
                    for (auto at = all.upper_bound(after); at != all.end() && some.size() < most; ++at) {
                        some.push_back(at->second);
                    }
                    return some;
                },
            .files = files,
            .workers = workers,
            .time = time,
            .random = *random,
            .events = events,
            .host = "web1",
            .make_channel =
                [this](const config::notification& rule) {
                    auto& box = boxes[rule.name];
                    if (!box) {
                        box = std::make_shared<mailbox>();
                    }
                    return std::make_shared<kept_channel>(box, time);
                }};
        notices = std::make_unique<daemon::notifier>(loop.get_executor(), std::move(parts));
        notices->configure(rules);
        notices->start();
        time.run_ready();
    }
    void stop() {
        asio::co_spawn(loop, notices->stop(milliseconds(500)), asio::detached);
        time.advance(seconds(2));
        notices.reset();
    }

    void set(lifecycle::certificate_status one) {
        const std::string name = one.name;
        all.insert_or_assign(name, std::move(one));
    }
    void emit(std::string_view id, const std::string& certificate, const std::string& text = "text") {
        event what{
            .id = id, .level = severity::info, .certificate = certificate, .message = text, .fields = {}};
        notices->emit(what);
    }
    /// A failure as the engine tells it.
    void fails(const std::string& name, unsigned failures = 3, const std::string& kind = "later") {
        set(failing(name, failures, kind));
        emit("cert.order_failed", name);
    }
    void mends(const std::string& name) {
        set(sample_status(name));
        emit("cert.deployed", name);
    }
    [[nodiscard]] std::vector<daemon::message>& got(const std::string& name = "box") {
        return boxes[name]->got;
    }
    /// Subjects of what was tried, in order.
    [[nodiscard]] std::vector<std::string> subjects(const std::string& name = "box") {
        std::vector<std::string> some;
        for (const auto& each : got(name)) {
            some.push_back(each.subject);
        }
        return some;
    }

    asio::io_context loop;
    fake_time time{loop};
    memory_store files;
    worker_pool workers{0, worker_pool::inline_work::at_once};
    std::unique_ptr<random_source> random = make_seeded_random(1);
    recorded_events events;
    std::map<std::string, lifecycle::certificate_status, std::less<>> all;
    std::map<std::string, std::shared_ptr<mailbox>> boxes;
    std::size_t shown = 0;
    std::unique_ptr<daemon::notifier> notices;
};

} // namespace evercert::testing
