#include "daemon/deploy/haproxy_runtime.hpp"

#include "core/base/text.hpp"
#include "core/net/local_exchange.hpp"
#include "daemon/deploy/haproxy_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace evercert::daemon {
namespace {

constexpr std::size_t longest_list = 8 * 1024 * 1024;
constexpr std::size_t most_files = 100'000;
constexpr std::size_t longest_answer = 64 * 1024;
constexpr milliseconds per_task{50};
constexpr milliseconds for_taking_back = seconds(2);

/// One conversation, in which each command has a connection of its own, as HAProxy has it outside of its
/// prompt.
class runtime_talk {
public:
    runtime_talk(worker_pool& workers, time_source& time, std::string socket, milliseconds deadline)
        : workers_(workers), time_(time), socket_(std::move(socket)), end_(time.steady_now() + deadline) {}

    /// Of the files that are loaded, those with a leaf of a task; an error unless each task has one.
    awaitable<result<std::vector<std::string>>> find_files(std::vector<shared_task> tasks);
    awaitable<result<void>> replace(std::string path);

private:
    awaitable<result<std::string>> ask(std::string_view command, std::size_t limit);
    /// An error unless the answer holds `good`.
    awaitable<result<void>> expect(std::string_view command, std::string shown, std::string_view good);

    worker_pool& workers_;
    time_source& time_;
    std::string socket_;
    steady_time end_;
};

/// Blocks: reads every file.
result<std::vector<std::string>> files_with_leaves(const std::vector<std::string>& loaded,
                                                   const std::vector<shared_task>& tasks) {
    std::set<std::string_view> wanted;
    for (const shared_task& task : tasks) {
        wanted.insert(task->fingerprints.begin(), task->fingerprints.end());
    }
    std::set<std::string_view> missing = wanted;
    std::vector<std::string> out;
    for (const std::string& path : loaded) {
        const auto file = read_certificate_file(path);
        const auto known = file ? wanted.find(file->fingerprint) : wanted.end();
        if (known != wanted.end()) {
            out.push_back(path);
            missing.erase(*known);
        }
    }
    // One of several key types is enough: HAProxy need not use them all.
    for (const shared_task& task : tasks) {
        const bool found = std::ranges::any_of(
            task->fingerprints, [&](const std::string& leaf) { return !missing.contains(leaf); });
        if (!found) {
            return fail(errc::not_found,
                        fmt::format("HAProxy has loaded no file that holds the new certificate {}",
                                    task->certificate));
        }
    }
    return out;
}

awaitable<result<std::string>> runtime_talk::ask(std::string_view command, std::size_t limit) {
    const auto left = std::chrono::ceil<milliseconds>(end_ - time_.steady_now());
    if (left <= milliseconds(0)) {
        co_return fail(errc::timed_out, "HAProxy's runtime API took too long");
    }
    net::local_question question(socket_, command, limit, left);
    co_return co_await net::ask_local(std::move(question));
}

awaitable<result<void>> runtime_talk::expect(std::string_view command, std::string shown,
                                             std::string_view good) {
    const auto answer = co_await ask(command, longest_answer);
    if (!answer) {
        co_return fail(answer.error());
    }
    if (answer->find(good) == std::string::npos) {
        co_return fail(errc::refused, fmt::format("HAProxy did not take `{}`", shown),
                       std::string(trim(*answer)));
    }
    co_return result<void>();
}

awaitable<result<std::vector<std::string>>> runtime_talk::find_files(std::vector<shared_task> tasks) {
    const auto answer = co_await ask("show ssl cert\n", longest_list);
    if (!answer) {
        co_return fail(answer.error());
    }
    auto loaded = listed_files(*answer);
    if (answer->find("# filename") == std::string::npos) {
        co_return fail(errc::unsupported,
                       "HAProxy's runtime API does not list its certificates: it is older than 2.2, or the "
                       "socket's level is not admin",
                       std::string(trim(*answer).substr(0, 200)));
    }
    if (loaded.size() > most_files) {
        co_return fail(errc::too_large, fmt::format("HAProxy has loaded more than {} files", most_files));
    }
    auto look = [&loaded, &tasks] { return files_with_leaves(loaded, tasks); };
    co_return co_await workers_.run(std::move(look));
}

awaitable<result<void>> runtime_talk::replace(std::string path) {
    auto read = [&path] { return read_certificate_file(path); };
    auto file = co_await workers_.run(std::move(read));
    if (!file) {
        co_return fail(std::move(file.error()));
    }
    const std::string set = fmt::format("set ssl cert {}", path);
    std::string command;
    command.reserve(set.size() + file->pem.view().size() + 8);
    command.append(set).append(" <<\n").append(file->pem.view()).append("\n");
    const crypto::secret secret(std::move(command));
    auto done = co_await expect(secret.view(), set, "Transaction ");
    if (done) {
        const std::string commit = fmt::format("commit ssl cert {}", path);
        const std::string line = commit + "\n";
        done = co_await expect(line, commit, "Success!");
    }
    if (!done) {
        // A transaction that stays open would be in the way of every other, also if it was time that ran out.
        end_ = std::max(end_, time_.steady_now() + for_taking_back);
        const std::string abort = fmt::format("abort ssl cert {}\n", path);
        const auto ignored = co_await ask(abort, longest_answer);
        static_cast<void>(ignored);
    }
    co_return done;
}

} // namespace

awaitable<result<std::size_t>> update_haproxy(worker_pool& workers, time_source& time, std::string socket,
                                              std::vector<shared_task> tasks, milliseconds deadline) {
    runtime_talk with(workers, time, std::move(socket),
                      deadline + per_task * static_cast<std::int64_t>(tasks.size()));
    const auto files = co_await with.find_files(std::move(tasks));
    if (!files) {
        co_return fail(files.error());
    }
    for (const std::string& path : *files) {
        const auto done = co_await with.replace(path);
        if (!done) {
            co_return fail(done.error());
        }
    }
    co_return files->size();
}

runtime_update haproxy_updates(worker_pool& workers, time_source& time) {
    return [&workers, &time](std::string socket, std::vector<shared_task> tasks, milliseconds deadline) {
        return update_haproxy(workers, time, std::move(socket), std::move(tasks), deadline);
    };
}

} // namespace evercert::daemon
