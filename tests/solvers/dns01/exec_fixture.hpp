#pragma once
// A provider on a loop, and calls of it that can be looked at and cancelled.
#include "solvers/dns01/exec.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evercert::testing {

inline solvers::txt_task txt(const std::string& domain, const std::string& value,
                             const std::string& target = {}) {
    solvers::txt_task task;
    task.domain = domain;
    task.token = "tok-" + value;
    task.key_authorization = task.token + ".thumb";
    task.record = "_acme-challenge." + domain;
    task.target = target.empty() ? task.record : target;
    task.value = value;
    return task;
}

/// One call that was begun.
struct begun {
    std::optional<result<void>> how;
    bool cancelled = false;
    asio::cancellation_signal signal;

    [[nodiscard]] bool ended() const { return how.has_value() || cancelled; }
    [[nodiscard]] bool ok() const { return how.has_value() && how->has_value(); }
    [[nodiscard]] error why() const { return how && !*how ? how->error() : error(); }
    void cancel() { signal.emit(asio::cancellation_type::all); }
};
using call = std::shared_ptr<begun>;

inline awaitable<void> call_into(solvers::dns_provider& provider, bool add, solvers::txt_task task,
                                 call into) {
    if (add) {
        into->how = co_await provider.add(std::move(task));
    } else {
        into->how = co_await provider.remove(std::move(task));
    }
}

inline call begin(asio::io_context& loop, solvers::dns_provider& provider, bool add, solvers::txt_task task) {
    auto made = std::make_shared<begun>();
    asio::co_spawn(loop, call_into(provider, add, std::move(task), made),
                   asio::bind_cancellation_slot(made->signal.slot(), [made](std::exception_ptr thrown) {
                       try {
                           if (thrown) {
                               std::rethrow_exception(thrown);
                           }
                       } catch (const boost::system::system_error& e) {
                           made->cancelled = e.code() == asio::error::operation_aborted;
                       }
                   }));
    return made;
}

/// Says how runs end, and sees what they were.
class scripted_runner : public process_runner {
public:
    explicit scripted_runner(time_source& time) : time_(time) {}

    awaitable<result<process_outcome>> run(process_request request) override {
        seen.push_back(request);
        most = std::max(most, ++running);
        struct leaver {
            int& count;
            ~leaver() { --count; }
        };
        const leaver at_exit{running};
        result<process_outcome> how = good();
        if (!answers.empty()) {
            how = std::move(answers.front());
            answers.pop_front();
        }
        if (takes > milliseconds(0)) {
            co_await sleep_for(time_, takes);
        }
        ++ended;
        co_return how;
    }
    static process_outcome good(std::string output = {}) {
        process_outcome outcome;
        outcome.exit_code = 0;
        outcome.output = std::move(output);
        return outcome;
    }
    static process_outcome bad(int exit_code, std::string output = {}) {
        process_outcome outcome = good(std::move(output));
        outcome.exit_code = exit_code;
        return outcome;
    }

    std::vector<process_request> seen;
    std::deque<result<process_outcome>> answers;
    milliseconds takes{0};
    int running = 0;
    int most = 0;
    int ended = 0;

private:
    time_source& time_;
};

/// A provider with a scripted runner and a clock that the test moves.
struct scripted_hooks {
    void make(solvers::exec_settings settings) {
        REQUIRE(solvers::check(settings).has_value());
        provider = solvers::make_exec_provider(runner, time, workers, std::move(settings));
    }
    call add(solvers::txt_task task) { return begin(loop, *provider, true, std::move(task)); }
    call remove(solvers::txt_task task) { return begin(loop, *provider, false, std::move(task)); }

    asio::io_context loop;
    fake_time time{loop};
    scripted_runner runner{time};
    worker_pool workers{0, worker_pool::inline_work::at_once};
    std::unique_ptr<solvers::dns_provider> provider;
};

inline solvers::exec_settings hook(solvers::hook_convention convention, std::string program = "/hook") {
    solvers::exec_settings settings;
    settings.convention = convention;
    settings.program = {std::move(program)};
    return settings;
}

inline std::string variable(const process_request& request, std::string_view name) {
    std::string value = "(unset)"; // the last one counts, as in the runner
    for (const auto& [n, v] : request.environment) {
        value = n == name ? v : value;
    }
    return value;
}

} // namespace evercert::testing
