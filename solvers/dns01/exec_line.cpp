#include "solvers/dns01/exec_line.hpp"

#include <algorithm>
#include <set>

namespace evercert::solvers {

exec_line::place::place(exec_line& line, hook_operation what, const txt_task& task)
    : line_(line)
    , what_(what)
    , task_(task)
    , bell_(line.time_.make_timer())
    , at_(line.line_.insert(line.line_.end(), this)) {}

exec_line::place::~place() {
    const bool first = line_.line_.front() == this;
    line_.line_.erase(at_);
    for (place* each : line_.line_) {
        if (each->led_by_ == this) {
            each->led_by_ = nullptr; // it was cancelled on the way: the next one leads them
        }
    }
    if (first) {
        line_.wake_first();
    }
}

awaitable<void> exec_line::place::turn() {
    while (!done && line_.line_.front() != this) {
        // Nobody waits for this time to pass: the bell is cancelled, and an hour is as good as any.
        co_await bell_->wait_until(line_.time_.steady_now() + std::chrono::hours(1));
    }
}

void exec_line::wake_first() {
    if (!line_.empty()) {
        line_.front()->bell_->cancel();
    }
}

void exec_line::gather() {
    const auto belongs = [&](const place* each) {
        return each->what_ == line_.front()->what_ && each->batch_ == nullptr;
    };
    std::string domains;
    for (const place* each : line_) {
        if (belongs(each)) {
            domains += (domains.empty() ? "" : ",") + each->task_.domain;
        }
    }
    const auto batch = std::make_shared<const std::string>(std::move(domains));
    for (place* each : line_) {
        if (belongs(each)) {
            each->batch_ = batch;
        }
    }
}

std::string exec_line::domains(const place& of) const {
    return of.batch_ != nullptr ? *of.batch_ : of.task_.domain;
}

std::size_t exec_line::remaining(const place& of) const {
    return static_cast<std::size_t>(std::ranges::count_if(line_, [&](const place* each) {
        return each != &of && of.batch_ != nullptr && each->batch_ == of.batch_;
    }));
}

std::vector<txt_task> exec_line::lead(place& first, std::size_t limit) {
    std::vector<txt_task> tasks;
    std::set<std::string_view> domains;
    for (place* each : line_) {
        // Not past one who wants something else: what comes after it may be the same record again.
        if (each->what_ != first.what_ || tasks.size() == limit) {
            break;
        }
        const bool along = each == &first || (first.batch_ != nullptr && each->batch_ == first.batch_);
        // dehydrated never gives one domain twice in a call (a name and its wildcard): scripts rely on it.
        if (along && domains.insert(each->task_.domain).second) {
            each->led_by_ = &first;
            tasks.push_back(each->task_);
        }
    }
    return tasks;
}

void exec_line::finish(const place& first, const result<void>& how) {
    for (place* each : line_) {
        if (each != &first && each->led_by_ == &first) {
            each->led_by_ = nullptr;
            each->done = how;
            each->bell_->cancel();
        }
    }
}

} // namespace evercert::solvers
