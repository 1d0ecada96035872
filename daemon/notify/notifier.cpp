#include "daemon/notify/notifier.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace evercert::daemon {
namespace {

using config::news;
using lifecycle::certificate_status;

constexpr std::string_view record_file = "notify.json";
constexpr std::size_t page = 200;
constexpr milliseconds between_pages(100);
constexpr milliseconds first_round = seconds(10);
constexpr milliseconds shortest_round = seconds(30);
constexpr milliseconds longest_round = std::chrono::hours(1);
constexpr milliseconds between_saves = seconds(1);
constexpr milliseconds unrecorded_retry = std::chrono::minutes(1);

/// Whom something is worth telling of, before there are words for it, and what the event said.
using candidates = std::vector<std::pair<std::string, std::string>>;

} // namespace

notifier::notifier(asio::any_io_executor executor, notifier_parts parts)
    : parts_(std::move(parts))
    , alarm_(parts_.time.make_timer())
    , tasks_(std::move(executor), [this](const std::string& task, const std::string& what) {
        const event mistake{.id = "internal.exception",
                            .level = severity::error,
                            .certificate = {},
                            .message = fmt::format("unexpected exception in {}: {}", task, what),
                            .fields = {}};
        parts_.events.emit(mistake);
    }) {}

notifier::~notifier() = default;

// ---- what comes in

void notifier::emit(const event& what) {
    if (audiences_.empty() || what.certificate.empty() || stopping_) {
        return;
    }
    const sort_of_event sort = sort_of(what.id);
    if (sort == sort_of_event::none) {
        return;
    }
    bool sooner = false;
    for (const audience_ptr& who : audiences_) {
        sooner = who->hear(sort, what, parts_.time.steady_now(), parts_.time.now()) || sooner;
    }
    if (sooner) {
        alarm_->cancel();
    }
}

void notifier::configure(const std::vector<config::notification>& rules) {
    std::vector<audience_ptr> now;
    for (const config::notification& rule : rules) {
        const auto known =
            std::ranges::find(audiences_, rule.name, [](const auto& each) { return each->rule().name; });
        if (known != audiences_.end() && (*known)->rule() == rule) {
            now.push_back(*known);
            continue;
        }
        std::shared_ptr<channel> way = parts_.make_channel(rule);
        if (known == audiences_.end()) {
            now.push_back(std::make_shared<audience>(rule, std::move(way)));
            now.back()->pause = parts_.time.make_timer();
            continue;
        }
        (*known)->configure(rule, std::move(way));
        (*known)->pause->cancel(); // another way may work at once
        now.push_back(*known);
    }
    for (const audience_ptr& old : audiences_) {
        old->gone = std::ranges::find(now, old) == now.end();
        if (old->gone) {
            old->pause->cancel();
        }
    }
    audiences_ = std::move(now);
    changed_ = changed_ || loaded_;
    if (loaded_) {
        scan_at_ = std::min(scan_at_, parts_.time.steady_now() + first_round);
        alarm_->cancel();
    }
}

void notifier::start() {
    tasks_.spawn("notifications", run());
}

// ---- the loop

steady_time notifier::next_moment() const {
    steady_time next = audiences_.empty() ? steady_time::max() : scan_at_;
    for (const audience_ptr& who : audiences_) {
        if (const auto due = who->due()) {
            next = std::min(next, *due);
        }
    }
    return changed_ ? std::min(next, save_at_) : next;
}

awaitable<void> notifier::run() {
    co_await load();
    scan_at_ = parts_.time.steady_now() + first_round;
    while (!stopping_) {
        if (changed_ && save_at_ <= parts_.time.steady_now()) {
            co_await save();
        }
        const steady_time next = next_moment();
        if (next > parts_.time.steady_now() && !stopping_) {
            co_await alarm_->wait_until(next);
        }
        const std::vector<audience_ptr> all = audiences_; // a reload may come while one is looked at
        for (const audience_ptr& who : all) {
            const auto due = who->due();
            if (due && *due <= parts_.time.steady_now() && !stopping_) {
                co_await flush(who, false);
            }
        }
        if (!audiences_.empty() && scan_at_ <= parts_.time.steady_now() && !stopping_) {
            co_await scan(false);
        }
    }
    if (!scanned_ && !audiences_.empty()) {
        co_await scan(true); // a run for one errand (--once) has no hour
    }
    const std::vector<audience_ptr> all = audiences_;
    for (const audience_ptr& who : all) {
        co_await flush(who, true);
    }
}

awaitable<void> notifier::flush(audience_ptr who, bool at_the_end) {
    if (who->gone) {
        co_return;
    }
    // At the end the limit gives way: what is not put together now is forgotten.
    if (!at_the_end && !who->take_place(parts_.time.steady_now(), parts_.time.now())) {
        tell("notify.held", severity::info, *who,
             fmt::format("no more than {} messages in {}: what happens waits for the next",
                         who->rule().limit.capacity, format_duration(who->rule().limit.period)));
        co_return;
    }
    const auto rule = who->shared_rule();
    const std::map<std::string, happening> pending = who->take_pending();
    std::map<news, candidates> found; // the most urgent first
    std::size_t seen = 0;
    for (const auto& [name, happened] : pending) {
        if (++seen % page == 0 && !at_the_end) {
            co_await asio::post(asio::use_awaitable); // others have their turn
        }
        const auto one = parts_.show(name);
        if (!one || !concerns(*rule, *one)) {
            changed_ = who->remember(name, told_state()) || changed_;
            continue;
        }
        const told_state before = who->told(name);
        judgement made = judge(*one, before, *rule, parts_.time.now());
        if (happened.again && made.then.told()) {
            told_state untold;
            untold.since = before.since;
            made.tell = judge(*one, untold, *rule, parts_.time.now()).tell;
        }
        const bool recovered = std::ranges::find(made.tell, news::recovered) != made.tell.end();
        if (happened.revoked && rule->on.contains(news::revoked)) {
            made.tell.push_back(news::revoked);
        }
        if (happened.renewed && !recovered && rule->on.contains(news::renewed)) {
            made.tell.push_back(news::renewed);
        }
        for (const news each : made.tell) {
            found[each].emplace_back(name, happened.words);
        }
        // For the words about a recovery the old state is needed: they come before it is forgotten.
        if (!recovered) {
            changed_ = who->remember(name, made.then) || changed_;
        }
        const bool under_way =
            one->where != lifecycle::state::waiting && one->where != lifecycle::state::failing;
        if (happened.good && made.then.told() && under_way && !at_the_end) {
            // It went well, and is not at rest yet.
            happening again;
            again.good = true;
            who->note(name, std::move(again), parts_.time.steady_now(), parts_.time.now());
        }
    }
    if (found.empty()) {
        if (!at_the_end) {
            who->give_back_place();
        }
        who->let_go();
        co_return;
    }
    digest all;
    all.held_since = who->held_since();
    for (const auto& [what, some] : found) {
        all.counts[what] = some.size();
        for (const auto& [certificate, words] : some) {
            if (all.notices.size() < most_notices) {
                all.notices.push_back(describe(*who, what, certificate, words));
            }
            if (what == news::recovered) {
                who->remember(certificate, told_state());
            }
        }
    }
    who->let_go();
    who->queue.push_back(compose(all, new_id(), parts_.host, parts_.time.now()));
    changed_ = true;
    deliver_soon(who);
}

notice notifier::describe(const audience& who, news what, const std::string& certificate,
                          const std::string& words) const {
    auto one = parts_.show(certificate);
    if (!one) { // it was removed a moment ago
        one.emplace();
        one->name = certificate;
    }
    return make_notice(what, *one, who.told(certificate), words, parts_.time.now());
}

// ---- the slow look at all

void notifier::look_at(const certificate_status& one) {
    const wall_time now = parts_.time.now();
    for (const audience_ptr& who : audiences_) {
        const told_state before = who->told(one.name);
        const judgement made = judge(one, before, who->rule(), now);
        happening seen;
        seen.again = who->tells_again() && before.told();
        if ((!made.tell.empty() || made.then != before || seen.again) && concerns(who->rule(), one)) {
            who->note(one.name, std::move(seen), parts_.time.steady_now(), now);
        }
        const auto from = expiring_from(one, who->rule().expiring);
        if (from && *from > now && (!next_late_ || *from < *next_late_)) {
            next_late_ = *from;
        }
    }
}

awaitable<void> notifier::scan(bool whole) {
    do {
        for (const audience_ptr& who : audiences_) {
            if (scanned_to_.empty()) {
                who->begin_round(parts_.time.steady_now());
            }
        }
        const std::vector<certificate_status> some = parts_.list(scanned_to_, page);
        for (const certificate_status& one : some) {
            look_at(one);
        }
        const std::string_view last = some.size() == page ? std::string_view(some.back().name) : "";
        for (const audience_ptr& who : audiences_) { // some were removed while we were not running
            changed_ = who->forget_others(scanned_to_, last, some) || changed_;
        }
        if (some.size() == page) {
            scanned_to_ = some.back().name;
            scan_at_ = parts_.time.steady_now() + between_pages;
        } else {
            end_round();
            whole = false;
        }
    } while (whole);
    co_return;
}

void notifier::end_round() {
    milliseconds pause = longest_round;
    if (next_late_) {
        pause = std::clamp<milliseconds>(*next_late_ - parts_.time.now(), shortest_round, longest_round);
    }
    next_late_.reset();
    scanned_to_.clear();
    scanned_ = true;
    scan_at_ = parts_.time.steady_now() + pause;
}

// ---- what stays

awaitable<void> notifier::load() {
    if (audiences_.empty()) { // nobody asks what was told before
        loaded_ = true;
        co_return;
    }
    using records = result<std::vector<audience_record>>;
    auto read = [this]() -> records {
        auto text = parts_.files.read(record_file, longest_record);
        return !text               ? records(fail(text.error()))
               : text->has_value() ? audiences_from_json(**text)
                                   : records(std::vector<audience_record>());
    };
    auto known = co_await parts_.workers.run(read);
    loaded_ = true;
    if (!known) {
        const event lost{.id = "notify.unrecorded",
                         .level = severity::warning,
                         .certificate = {},
                         .message =
                             fmt::format("{} is of no use: what was told before may be told again ({})",
                                         record_file, known.error().text()),
                         .fields = {}};
        parts_.events.emit(lost);
        co_return;
    }
    for (audience_record& one : *known) {
        const auto who =
            std::ranges::find(audiences_, one.name, [](const auto& each) { return each->rule().name; });
        if (who != audiences_.end()) {
            (*who)->restore(std::move(one));
            deliver_soon(*who);
        }
    }
}

awaitable<void> notifier::save() {
    changed_ = false;
    std::vector<audience_record> all;
    for (const audience_ptr& who : audiences_) {
        all.push_back(who->record());
    }
    auto write = [this, all = std::move(all)] { return parts_.files.write(record_file, to_json(all)); };
    const auto written = co_await parts_.workers.run(std::move(write));
    if (!written && !unrecorded_) {
        const event unkept{.id = "notify.unrecorded",
                           .level = severity::warning,
                           .certificate = {},
                           .message = fmt::format("what was told cannot be kept: after a restart it may be "
                                                  "told again ({})",
                                                  written.error().text()),
                           .fields = {}};
        parts_.events.emit(unkept);
    }
    unrecorded_ = !written;
    changed_ = changed_ || unrecorded_;
    save_at_ = parts_.time.steady_now() + (unrecorded_ ? unrecorded_retry : between_saves);
}

awaitable<void> notifier::stop(milliseconds patience) {
    stopping_ = true;
    alarm_->cancel();
    for (const audience_ptr& who : audiences_) {
        who->pause->cancel();
    }
    const steady_time until = parts_.time.steady_now() + patience;
    auto pause = parts_.time.make_timer();
    while (tasks_.size() > 0 && parts_.time.steady_now() < until) {
        co_await pause->wait_until(parts_.time.steady_now() + milliseconds(20));
    }
    tasks_.cancel();
    co_await tasks_.join();
    if (changed_ && loaded_) {
        co_await save();
    }
}

void notifier::tell(std::string_view id, severity level, const audience& who, std::string text) {
    const event what{.id = id,
                     .level = level,
                     .certificate = {},
                     .message = fmt::format("notification {}: {}", who.rule().name, text),
                     .fields = {{"notification", who.rule().name}}};
    parts_.events.emit(what);
}

std::string notifier::new_id() {
    return fmt::format("{:016x}{:016x}", parts_.random.next(), parts_.random.next());
}

} // namespace evercert::daemon
