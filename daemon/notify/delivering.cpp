// How a message gets to its audience: tried again for a day, with growing pauses.
#include "core/base/text.hpp"
#include "daemon/notify/notifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace evercert::daemon {
namespace {

/// Before what a message told that was given up is told again.
constexpr milliseconds rest_after_giving_up = std::chrono::hours(1);
constexpr milliseconds longest_try = std::chrono::hours(24);
/// A clock that is set forward is not a day, and one that is set back must not make it endless: an hour's
/// worth of tries at least, and more than a day's at most.
constexpr unsigned fewest_tries = 7;
constexpr unsigned most_tries = 36;
constexpr std::array<milliseconds, 7> ladder{seconds(10),
                                             seconds(30),
                                             std::chrono::minutes(1),
                                             std::chrono::minutes(5),
                                             std::chrono::minutes(15),
                                             std::chrono::minutes(30),
                                             std::chrono::hours(1)};

milliseconds pause_after(unsigned failures, const refusal& why, random_source& random) {
    const milliseconds step = ladder.at(std::min<std::size_t>(failures, ladder.size()) - 1);
    const milliseconds jitter(random.between(0, step.count() / 10));
    return std::max(step, why.wait.value_or(milliseconds(0))) + jitter;
}

bool tells_trouble(const message& what) {
    return what.events.find(config::to_string(config::news::failing)) != std::string::npos ||
           what.events.find(config::to_string(config::news::expiring)) != std::string::npos;
}

} // namespace

void notifier::deliver_soon(const audience_ptr& who) {
    if (!who->delivering && !who->queue.empty()) {
        who->delivering = true;
        tasks_.spawn("notification " + who->rule().name, deliver(who));
    }
}

awaitable<void> notifier::deliver(audience_ptr who) {
    struct at_the_end { // however it ends
        audience& who;
        explicit at_the_end(audience& w) : who(w) {}
        ~at_the_end() { who.delivering = false; }
    };
    const at_the_end guard(*who);
    while (!who->queue.empty() && !who->gone) {
        const auto way = who->way();
        message first = who->queue.front();
        const delivery outcome = co_await way->deliver(std::move(first));
        if (who->gone) {
            break;
        }
        changed_ = true;
        message& sent = who->queue.front();
        if (outcome) {
            who->problem.clear();
            who->delivered = parts_.time.now();
            const std::string remark =
                outcome->empty() ? ""
                                 : fmt::format("; some of it was refused: \"{}\"", escape(*outcome, 300));
            tell("notify.delivered", remark.empty() ? severity::info : severity::warning, *who,
                 fmt::format("told: {}{}", sent.subject, remark));
            who->queue.pop_front();
            alarm_->cancel(); // there is room, and a record to write
            continue;
        }
        if (!note_refusal(*who, outcome.error())) {
            who->queue.pop_front();
            alarm_->cancel();
            continue;
        }
        alarm_->cancel();
        if (stopping_) {
            break;
        }
        const milliseconds rest = pause_after(sent.attempts, outcome.error(), parts_.random);
        co_await who->pause->wait_until(parts_.time.steady_now() + rest);
        if (stopping_) {
            break;
        }
    }
}

bool notifier::note_refusal(audience& who, const refusal& why) {
    message& sent = who.queue.front();
    ++sent.attempts;
    who.problem = why.why.text();
    const bool long_ago = parts_.time.now() - sent.created >= longest_try && sent.attempts >= fewest_tries;
    if (why.for_good || long_ago || sent.attempts >= most_tries) {
        tell("notify.given_up", severity::warning, who,
             fmt::format("\"{}\" was not told after {} {}: {}", sent.subject, sent.attempts,
                         sent.attempts == 1 ? "try" : "tries", who.problem));
        if (tells_trouble(sent)) {
            who.tell_again(parts_.time.steady_now() + rest_after_giving_up);
        }
        return false;
    }
    tell("notify.failed", sent.attempts == 1 ? severity::warning : severity::debug, who,
         fmt::format("\"{}\" was not told: {}; it is tried again for a day", sent.subject, who.problem));
    return true;
}

std::vector<audience_view> notifier::look() const {
    std::vector<audience_view> all;
    for (const audience_ptr& who : audiences_) {
        audience_view one;
        one.name = who->rule().name;
        one.type = channel_type(who->rule());
        one.target = who->way()->target();
        for (const config::news each : who->rule().on) {
            one.on.emplace_back(to_string(each));
        }
        one.troubled = static_cast<unsigned>(who->troubled());
        one.queued = static_cast<unsigned>(who->queue.size());
        one.delivered = who->delivered;
        one.problem = who->problem;
        all.push_back(std::move(one));
    }
    return all;
}

awaitable<std::vector<test_outcome>> notifier::test() {
    const std::vector<audience_ptr> all = audiences_;
    std::vector<test_outcome> outcomes;
    for (const audience_ptr& who : all) {
        digest nothing;
        nothing.test = true;
        message sent = compose(nothing, new_id(), parts_.host, parts_.time.now());
        const auto way = who->way();
        const delivery outcome = co_await way->deliver(std::move(sent));
        test_outcome one;
        one.name = who->rule().name;
        one.target = way->target();
        one.problem = outcome ? std::string() : outcome.error().why.text();
        if (outcome && !outcome->empty()) {
            one.problem = fmt::format("some of it was refused: \"{}\"", escape(*outcome, 300));
        }
        outcomes.push_back(std::move(one));
    }
    co_return outcomes;
}

} // namespace evercert::daemon
