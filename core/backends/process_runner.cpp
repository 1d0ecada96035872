#include "core/backends/process_runner.hpp"

#include "core/backends/child_process.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <pwd.h>
#include <string.h>

namespace evercert::backends {
namespace {

std::string home_folder() {
    passwd entry{};
    passwd* found = nullptr;
    char text[4096];
    if (::getpwuid_r(::geteuid(), &entry, text, sizeof text, &found) == 0 && found != nullptr &&
        entry.pw_dir != nullptr && entry.pw_dir[0] == '/') {
        return entry.pw_dir;
    }
    return "/";
}

bool has_nul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

result<void> check(const process_request& request) {
    if (request.argv.empty() || request.argv.front().empty()) {
        return fail(errc::invalid_argument, "no program was given to run");
    }
    if (std::ranges::any_of(request.argv, has_nul)) {
        return fail(errc::invalid_argument, "an argument of a program has a NUL byte in it");
    }
    for (const auto& [name, value] : request.environment) {
        if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
            return fail(errc::invalid_argument,
                        "an environment variable has a name or a value that cannot be passed");
        }
    }
    return {};
}

/// However the coroutine goes, the program does not stay behind.
class child_guard {
public:
    explicit child_guard(std::shared_ptr<child_process> child) : child_(std::move(child)) {}
    ~child_guard() { child_->abandon(); }
    child_guard(const child_guard&) = delete;
    child_guard& operator=(const child_guard&) = delete;

private:
    std::shared_ptr<child_process> child_;
};

/// However the coroutine goes, what the program was told in its environment is not left in freed memory.
class environment_wiper {
public:
    explicit environment_wiper(process_request& request) : request_(request) {}
    ~environment_wiper() {
        for (auto& [name, value] : request_.environment) {
            ::explicit_bzero(value.data(), value.size());
        }
    }
    environment_wiper(const environment_wiper&) = delete;
    environment_wiper& operator=(const environment_wiper&) = delete;

private:
    process_request& request_;
};

class spawning_runner final : public process_runner {
public:
    spawning_runner(const asio::any_io_executor& executor, process_timing timing)
        : executor_(executor), timing_(timing), home_(home_folder()) {}

    awaitable<result<process_outcome>> run(process_request request) override;

private:
    [[nodiscard]] std::vector<std::string> environment(const process_request& request) const;

    asio::any_io_executor executor_;
    process_timing timing_;
    std::string home_;
};

std::vector<std::string> spawning_runner::environment(const process_request& request) const {
    std::vector<std::pair<std::string, std::string>> all = {
        {"PATH", program_path}, {"LANG", "C.UTF-8"}, {"HOME", home_}};
    for (const auto& [name, value] : request.environment) {
        auto same = std::ranges::find(all, name, [](const auto& entry) { return entry.first; });
        if (same != all.end()) {
            same->second = value;
        } else {
            all.emplace_back(name, value);
        }
    }
    std::vector<std::string> joined;
    joined.reserve(all.size());
    for (auto& [name, value] : all) {
        joined.push_back(fmt::format("{}={}", name, value));
        ::explicit_bzero(value.data(), value.size());
    }
    return joined;
}

awaitable<result<process_outcome>> spawning_runner::run(process_request request) {
    const environment_wiper at_exit(request);
    if (auto fits = check(request); !fits) {
        co_return fail(std::move(fits.error()));
    }
    auto file = find_program(request.argv.front());
    if (!file) {
        co_return fail(std::move(file.error()));
    }
    auto started = spawn(*file, request.argv, environment(request), request.stderr_apart, request.input);
    if (!started) {
        co_return fail(std::move(started.error()));
    }
    auto child =
        std::make_shared<child_process>(executor_, std::move(*started), timing_, request.output_limit);
    child_guard guard(child);
    child->start(request.deadline);
    bool reaped = co_await child->finished();
    if (!reaped) {
        // Cancelled. The end of a killed program is a matter of microseconds, and then no zombie is left.
        child->abandon();
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await child->finished();
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    co_return child->take();
}

} // namespace

std::unique_ptr<process_runner> make_process_runner(const asio::any_io_executor& executor,
                                                    process_timing timing) {
    return std::make_unique<spawning_runner>(executor, timing);
}

} // namespace evercert::backends
