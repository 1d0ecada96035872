#include "daemon/deploy/verification.hpp"

#include "core/base/text.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

/// A wildcard is looked at through a name under it that no site is likely to have for itself.
identifier probe_name(const identifier& name) {
    if (!name.wildcard()) {
        return name;
    }
    return identifier{identifier::kind::dns, "wildcard-check." + name.base()};
}

} // namespace

sighting judge(const result<net::served_certificate>& answer, const deployment_task& task) {
    if (!answer) {
        return answer.error().code == errc::tls ? sighting::declined : sighting::silent;
    }
    const auto& wanted = task.fingerprints;
    if (std::find(wanted.begin(), wanted.end(), answer->fingerprint) != wanted.end()) {
        return sighting::fresh;
    }
    const auto& older = task.predecessors;
    return std::find(older.begin(), older.end(), answer->fingerprint) != older.end() ? sighting::old
                                                                                     : sighting::foreign;
}

verification::verification(plan what, time_source& time, event_sink& events, tls_probe probe,
                           verdict_handler on_verdict)
    : plan_(std::move(what))
    , time_(time)
    , events_(events)
    , probe_(std::move(probe))
    , on_verdict_(std::move(on_verdict))
    , started_(time.steady_now())
    , tasks_(plan_.tasks.size())
    , unsettled_(plan_.tasks.size())
    , done_(time.make_timer()) {
    for (std::size_t task = 0; task < plan_.tasks.size(); ++task) {
        add_task(task);
    }
    plan_.deadline += plan_.timing.per_target * static_cast<std::int64_t>(targets_.size());
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
        if (tasks_[task].unsettled == 0) { // no names or no addresses: nothing to see
            --unsettled_;
            on_verdict_(task, result<void>());
        }
    }
}

void verification::add_task(std::size_t task) {
    const auto& names = plan_.tasks[task]->names;
    for (const verify_target& where : plan_.addresses) {
        for (std::size_t i = 0; i < names.size() && i < plan_.timing.names_per_task; ++i) {
            target t;
            t.task = task;
            t.where = where;
            t.name = probe_name(names[i]);
            t.decisive = !names[i].wildcard();
            tasks_[task].targets.push_back(targets_.size());
            ++tasks_[task].unsettled;
            turns_.push(turn{started_, turns_given_++, targets_.size()});
            targets_.push_back(std::move(t));
        }
    }
}

awaitable<void> verification::wait() {
    while (!finished()) {
        co_await done_->wait_until(time_.steady_now() + std::chrono::hours(1));
    }
}

awaitable<void> verification::work(std::shared_ptr<verification> self) {
    auto sleeper = self->time_.make_timer();
    while (!self->turns_.empty()) {
        const turn next = self->turns_.top();
        self->turns_.pop();
        if (next.when > self->time_.steady_now()) {
            co_await sleeper->wait_until(next.when);
        }
        const steady_time now = self->time_.steady_now();
        const target& t = self->targets_[next.target];
        if (now >= self->plan_.deadline || self->final_now(t)) {
            self->settle(next.target);
            continue;
        }
        const auto left = std::chrono::ceil<milliseconds>(self->plan_.deadline - now);
        result<net::served_certificate> answer = fail(errc::internal, "no answer");
        try {
            auto handshake = self->probe_(t.where, t.name, std::min(left, self->plan_.timing.one_probe));
            answer = co_await std::move(handshake);
        } catch (const boost::system::system_error& e) {
            if (e.code() == asio::error::operation_aborted) {
                throw;
            }
            // Our own mistake, but a target that is never settled would hold up every later reload of this
            // server.
            answer = fail(errc::internal, e.what());
        }
        self->record(next.target, answer);
    }
}

/// Whether what was seen last needs no second look. Not at the deadline: then everything is settled as it is.
bool verification::final_now(const target& t) const {
    switch (t.seen) {
    case sighting::fresh:
        return true;
    case sighting::none:
    case sighting::old:
    case sighting::silent:
        return false;
    case sighting::foreign:
    case sighting::declined:
        break;
    }
    // The old process may answer for a moment with its default site. After that a stranger is a stranger,
    // unless nothing else has shown that the reload has arrived.
    const bool patient_enough = time_.steady_now() - started_ >= plan_.timing.foreign_patience;
    return patient_enough && (!t.decisive || tasks_[t.task].fresh > 0);
}

void verification::record(std::size_t index, const result<net::served_certificate>& answer) {
    target& t = targets_[index];
    ++t.tries;
    t.seen = judge(answer, *plan_.tasks[t.task]);
    t.detail = answer ? std::string() : answer.error().text();
    if (t.seen == sighting::fresh) {
        ++tasks_[t.task].fresh;
    }
    if (final_now(t)) {
        settle(index);
        return;
    }
    const auto doubled = plan_.timing.first_retry * (1 << std::min(t.tries - 1, 10U));
    const steady_time again = time_.steady_now() + std::min(doubled, plan_.timing.longest_retry);
    turns_.push(turn{std::min(again, plan_.deadline), turns_given_++, index});
}

void verification::settle(std::size_t index) {
    const std::size_t task = targets_[index].task;
    progress& p = tasks_[task];
    if (--p.unsettled > 0) {
        return;
    }
    result<void> outcome = verdict(p);
    if (outcome) {
        report_success(task);
    }
    on_verdict_(task, std::move(outcome));
    if (--unsettled_ == 0) {
        done_->cancel();
    }
}

std::string verification::describe(const target& t) const {
    const std::string where = fmt::format("{} for {}", to_string(t.where), t.name.value);
    switch (t.seen) {
    case sighting::none:
        return where + " could not be asked in time";
    case sighting::fresh:
        return where + " serves the new certificate";
    case sighting::old:
        return where + " still serves the old certificate";
    case sighting::foreign:
        return where + " serves a certificate that is not this one nor one before it";
    case sighting::declined:
    case sighting::silent:
        return fmt::format("{} did not answer a TLS handshake ({})", where, t.detail);
    }
    return where;
}

result<void> verification::verdict(const progress& task) const {
    std::vector<std::string> wrong;
    std::size_t failed = 0;
    bool old = false;
    bool unseen = false;
    bool any_decisive = false;
    auto blame = [&](const target& t) {
        if (++failed <= 3) {
            wrong.push_back(describe(t));
        }
    };
    for (const std::size_t index : task.targets) {
        const target& t = targets_[index];
        const bool stranger = t.seen == sighting::foreign || t.seen == sighting::declined;
        any_decisive = any_decisive || t.decisive;
        old = old || t.seen == sighting::old;
        unseen = unseen || t.seen == sighting::silent || t.seen == sighting::none;
        if (t.seen != sighting::fresh && !stranger) {
            blame(t);
        }
    }
    if (failed == 0 && (task.fresh > 0 || !any_decisive)) {
        return {};
    }
    if (failed == 0) {
        for (const std::size_t index : task.targets) {
            if (targets_[index].decisive) {
                blame(targets_[index]);
            }
        }
    }
    std::string message =
        fmt::format("deployment {}: after the reload {}", plan_.deployment, join(wrong, "; "));
    if (failed > wrong.size()) {
        message += fmt::format("; and {} more", failed - wrong.size());
    }
    if (old) {
        message +=
            ". Look whether the server reads its files from the live directory and has taken the reload";
        return fail(errc::timed_out, std::move(message));
    }
    if (unseen) {
        message += ". Look whether the server runs, listens there and has TLS on";
        return fail(errc::network, std::move(message));
    }
    message += ". Point the server at the files in the live directory";
    return fail(errc::refused, std::move(message));
}

void verification::report_success(std::size_t task) const {
    const deployment_task& what = *plan_.tasks[task];
    const progress& p = tasks_[task];
    auto emit = [&](std::string_view id, severity level, std::string message, const target* t) {
        event e;
        e.id = id;
        e.level = level;
        e.certificate = what.certificate;
        e.message = std::move(message);
        e.fields.emplace_back("deployment", plan_.deployment);
        if (t != nullptr) {
            e.fields.emplace_back("name", t->name.value);
            e.fields.emplace_back("address", to_string(t->where));
        } else {
            e.fields.emplace_back("handshakes", std::to_string(p.fresh));
        }
        events_.emit(e);
    };
    if (p.fresh == 0) {
        emit(
            "deploy.unconfirmed", severity::warning,
            "the server was reloaded, but a made-up name under the wildcard did not show the new certificate",
            nullptr);
        return;
    }
    for (const std::size_t index : p.targets) {
        const target& t = targets_[index];
        if (t.decisive && t.seen != sighting::fresh) {
            emit("deploy.foreign_certificate", severity::warning, describe(t), &t);
        }
    }
    emit("deploy.verified", severity::info, "the server was seen serving the new certificate", nullptr);
}

} // namespace evercert::daemon
