#include "daemon/helper/unit_runner.hpp"

#include "core/base/text.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <sys/wait.h>

namespace evercert::daemon {
namespace {

constexpr std::string_view program_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr milliseconds stop_grace = seconds(5);   ///< TERM to KILL, by systemd
constexpr milliseconds errand_time = seconds(10); ///< for systemctl to stop or show a unit
constexpr milliseconds backstop = seconds(15);    ///< systemd's own deadline lies behind ours by this

constexpr int exec_failed = 203; ///< EXIT_EXEC, systemd.exec(5)

std::string setting(std::string_view name, std::string_view value) {
    return fmt::format("--property={}={}", name, value);
}

/// The manager puts variables into the words of a command line; "$$" is how it is told not to.
std::string literal(std::string_view word) {
    std::string out;
    for (const char c : word) {
        out += c;
        if (c == '$') {
            out += c;
        }
    }
    return out;
}

int number_of(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

class unit_runner final : public process_runner {
public:
    unit_runner(process_runner& inner, random_source& random) : inner_(inner), random_(random) {}

    awaitable<result<process_outcome>> run(process_request request) override;

private:
    /// What comes of it is told by whatever is asked next.
    awaitable<result<process_outcome>> systemctl(std::vector<std::string> words) {
        words.insert(words.begin(), "systemctl");
        process_request errand(std::move(words));
        errand.deadline = errand_time;
        co_return co_await inner_.run(std::move(errand));
    }
    /// A unit that failed would stay in the manager's memory and in the operator's list.
    awaitable<void> forget(std::string unit) {
        std::vector<std::string> words{"reset-failed", "--", std::move(unit)};
        co_await systemctl(std::move(words));
    }
    awaitable<result<process_outcome>> explain(std::string program, std::string unit, process_outcome told);

    process_runner& inner_;
    random_source& random_;
};

awaitable<result<process_outcome>> unit_runner::run(process_request request) {
    if (request.argv.empty() || request.argv.front() == "systemctl" ||
        request.argv.front().ends_with("/systemctl")) {
        co_return co_await inner_.run(std::move(request));
    }
    const std::string program = request.argv.front();
    if (program.find('$') != program.npos) {
        co_return fail(errc::invalid_argument,
                       fmt::format("{} cannot be run by systemd: its path has a $ in it", escape(program)));
    }
    const std::string unit = fmt::format("evercert-run-{:016x}.service", random_.next());
    process_request wrapped(unit_argv(request, unit));
    wrapped.input = std::move(request.input); // which --pipe passes on
    wrapped.deadline = request.deadline;
    wrapped.output_limit = request.output_limit;
    wrapped.stderr_apart = request.stderr_apart;

    std::exception_ptr cancelled;
    result<process_outcome> outcome = fail(errc::internal, "systemd-run did not end");
    try {
        auto running = inner_.run(std::move(wrapped));
        outcome = co_await std::move(running);
    } catch (const boost::system::system_error&) {
        cancelled = std::current_exception();
    }
    if (cancelled || (outcome && outcome->timed_out)) {
        // What was ended is systemd-run; the program goes on until the manager ends it.
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        std::vector<std::string> words{"stop", "--", unit};
        co_await systemctl(std::move(words));
        co_await forget(unit);
        if (cancelled) {
            std::rethrow_exception(cancelled);
        }
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        co_return outcome;
    }
    if (!outcome) {
        co_return fail(outcome.error().within(fmt::format("{} as a unit of systemd", escape(program))));
    }
    if (outcome->ok()) {
        co_return outcome;
    }
    co_return co_await explain(program, unit, std::move(*outcome));
}

/// systemd-run's own exit code may be the program's, or its own.
awaitable<result<process_outcome>> unit_runner::explain(std::string program, std::string unit,
                                                        process_outcome told) {
    std::vector<std::string> show{"show", "--property=Result,ExecMainCode,ExecMainStatus", "--", unit};
    const auto properties = co_await systemctl(std::move(show));
    co_await forget(unit);
    if (!properties || !properties->ok()) {
        co_return told;
    }
    unit_end end = parse_unit_end(properties->output);
    if (!end.ran) {
        co_return fail(errc::io,
                       fmt::format("systemd did not run {} (systemd-run {}). It needs a running D-Bus: "
                                   "look at `systemctl status dbus`",
                                   escape(program), told.describe()),
                       std::move(told.output));
    }
    if (end.outcome.exit_code == exec_failed) {
        co_return fail(errc::not_found, fmt::format("systemd cannot run {} (is its first line \"#!\" and an "
                                                    "interpreter that exists?)",
                                                    escape(program)));
    }
    end.outcome.output = std::move(told.output);
    end.outcome.errors = std::move(told.errors);
    co_return std::move(end.outcome);
}

} // namespace

std::vector<std::string> unit_argv(const process_request& program, std::string_view unit) {
    const auto deadline = std::chrono::ceil<seconds>(program.deadline + backstop);
    std::vector<std::string> out{
        "systemd-run",
        "--quiet",
        "--wait",
        "--pipe",
        fmt::format("--unit={}", unit),
        fmt::format("--description=evercert-deploy runs {}", escape(program.argv.front(), 200)),
        // Of a oneshot only exit code 0 is success: elsewhere a program that TERM ended has ended well.
        "--service-type=oneshot",
        setting("TimeoutStartSec", fmt::format("{}s", deadline.count())),
        setting("TimeoutStopSec", fmt::format("{}s", std::chrono::ceil<seconds>(stop_grace).count())),
        setting("KillMode", "control-group"),
    };
    std::vector<std::pair<std::string, std::string>> environment = {
        {"PATH", std::string(program_path)}, {"LANG", "C.UTF-8"}, {"HOME", "/root"}};
    environment.insert(environment.end(), program.environment.begin(), program.environment.end());
    for (const auto& [name, value] : environment) {
        out.push_back(fmt::format("--setenv={}={}", name, value));
    }
    out.emplace_back("--");
    for (const std::string& word : program.argv) {
        out.push_back(literal(word));
    }
    return out;
}

unit_end parse_unit_end(std::string_view properties) {
    unit_end out;
    std::string_view end;
    int code = 0;
    int status = 0;
    while (!properties.empty()) {
        const auto stop = properties.find('\n');
        const std::string_view line = properties.substr(0, stop);
        properties.remove_prefix(stop == properties.npos ? properties.size() : stop + 1);
        const auto equals = line.find('=');
        if (equals == line.npos) {
            continue;
        }
        const std::string_view name = line.substr(0, equals);
        const std::string_view value = trim(line.substr(equals + 1));
        if (name == "Result") {
            end = value;
        } else if (name == "ExecMainCode") {
            code = number_of(value);
        } else if (name == "ExecMainStatus") {
            status = number_of(value);
        }
    }
    out.ran = code != 0;
    out.outcome.timed_out = end == "timeout";
    if (code == CLD_EXITED) {
        out.outcome.exit_code = status;
    } else if (code == CLD_KILLED || code == CLD_DUMPED) {
        out.outcome.signal = status;
    }
    if (out.outcome.exit_code == 0 && end != "success") {
        out.outcome.exit_code = -1; // it ended well, and systemd did not find so
    }
    return out;
}

std::unique_ptr<process_runner> make_unit_runner(process_runner& inner, random_source& random) {
    return std::make_unique<unit_runner>(inner, random);
}

} // namespace evercert::daemon
