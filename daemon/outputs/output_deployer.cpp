#include "daemon/outputs/output_deployer.hpp"

#include "core/base/text.hpp"
#include "core/net/turnstile.hpp"
#include "daemon/outputs/writing.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace evercert::daemon {
namespace {

constexpr std::size_t most_shown = 20;

struct written_files {
    unsigned version = 0;
    std::vector<std::string> paths;
};

/// On a thread of the pool.
result<written_files> write_all_outputs(const std::vector<certificate_output>& outputs,
                                        const std::string& certificate, const live_reader& read,
                                        const std::string& service) {
    const auto live = read();
    if (!live) {
        return fail(live.error().within("the outputs cannot be written"));
    }
    std::vector<output_folder> folders;
    for (const certificate_output& output : outputs) {
        auto owner = owner_of(output);
        if (!owner) {
            return fail(std::move(owner.error()));
        }
        const bool wants_password = std::ranges::count(output.formats, output_format::pkcs12) > 0;
        const auto password = read_password(wants_password ? output.password_file : std::string());
        if (!password) {
            return fail(password.error());
        }
        output_folder folder;
        folder.path = directory_of(output, certificate);
        folder.owner = *owner;
        folder.files = render(output, certificate, *live, *password);
        folders.push_back(std::move(folder));
    }
    auto paths = write_outputs(folders, service);
    if (!paths) {
        return fail(std::move(paths.error()));
    }
    return written_files{live->number, std::move(*paths)};
}

class output_deployer final : public deployer {
public:
    explicit output_deployer(output_parts parts) : parts_(std::move(parts)) {}

    awaitable<result<void>> deploy(deployment_task task) override {
        if (!task.outputs.empty()) {
            auto writing = write(task);
            const auto written = co_await std::move(writing);
            if (!written) {
                co_return fail(written.error());
            }
            report(task, *written);
        }
        co_return co_await parts_.inner.deploy(std::move(task));
    }

private:
    /// Two who write the same files at a time would write under the same temporary names.
    std::shared_ptr<net::turnstile> door_of(const std::string& certificate,
                                            const asio::any_io_executor& executor) {
        std::erase_if(doors_, [](const auto& each) { return each.second.use_count() == 1; });
        std::shared_ptr<net::turnstile>& door = doors_[certificate];
        if (!door) {
            door = std::make_shared<net::turnstile>(executor, 1);
        }
        return door;
    }

    awaitable<result<written_files>> write(const deployment_task& task) {
        const auto executor = co_await asio::this_coro::executor;
        const auto door = door_of(task.certificate, executor);
        const auto place = co_await door->enter();
        const live_reader read = parts_.live(task);
        auto work = [&task, &read, this] {
            return write_all_outputs(task.outputs, task.certificate, read, parts_.service);
        };
        co_return co_await parts_.workers.run(std::move(work));
    }

    void report(const deployment_task& task, const written_files& written) {
        const std::vector<std::string>& paths = written.paths;
        if (paths.empty() || !parts_.events.reads(severity::info)) {
            return;
        }
        const std::size_t shown = std::min(paths.size(), most_shown);
        std::string list = join({paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(shown)}, " ");
        if (shown < paths.size()) {
            list += fmt::format(" and {} more", paths.size() - shown);
        }
        event done{.id = "deploy.outputs_written",
                   .level = severity::info,
                   .certificate = task.certificate,
                   .message = paths.size() == 1 ? "a copy of the live version was written"
                                                : "copies of the live version were written",
                   .fields = {{"version", fmt::format("{}", written.version)}, {"files", std::move(list)}}};
        parts_.events.emit(done);
    }

    output_parts parts_;
    std::map<std::string, std::shared_ptr<net::turnstile>> doors_; ///< of certificates that somebody writes
};

} // namespace

std::unique_ptr<deployer> make_output_deployer(output_parts parts) {
    return std::make_unique<output_deployer>(std::move(parts));
}

} // namespace evercert::daemon
