#include "solvers/http01/webroot_solver.hpp"

#include "solvers/http01/token_folder.hpp"

#include <map>
#include <utility>

namespace evercert::solvers {
namespace {

constexpr std::string_view placeholder = "{name}";

class webroot_solver final : public solver {
public:
    webroot_solver(std::string folder, worker_pool& workers)
        : folder_(std::move(folder)), workers_(workers) {}

    [[nodiscard]] std::string_view challenge_type() const noexcept override { return "http-01"; }

    awaitable<result<void>> present(challenge_task task) override {
        token_file wanted = file_of(task);
        ++users_[{wanted.root, wanted.token}];
        auto put = [&wanted] { return put_token(wanted); };
        co_return co_await workers_.run(put);
    }

    awaitable<result<void>> wait_ready(challenge_task) override { co_return result<void>(); }

    awaitable<void> clean_up(challenge_task task) override {
        token_file unwanted = file_of(task);
        const auto user = users_.find({unwanted.root, unwanted.token});
        // Two orders may share a pending authorization, and with it the file.
        if (user != users_.end() && --user->second > 0) {
            co_return;
        }
        users_.erase({unwanted.root, unwanted.token});
        auto remove = [&unwanted]() -> result<void> {
            remove_token(unwanted);
            return {};
        };
        [[maybe_unused]] const auto done = co_await workers_.run(remove);
    }

private:
    [[nodiscard]] token_file file_of(const challenge_task& task) const {
        token_file file;
        file.root = folder_;
        for (auto at = file.root.find(placeholder); at != std::string::npos;
             at = file.root.find(placeholder, at)) {
            file.root.replace(at, placeholder.size(), task.name.value);
            at += task.name.value.size();
        }
        file.token = task.token;
        file.contents = task.key_authorization;
        return file;
    }

    std::string folder_;
    worker_pool& workers_;
    std::map<std::pair<std::string, std::string>, unsigned> users_; ///< of each file
};

} // namespace

std::unique_ptr<solver> make_webroot_solver(std::string folder, worker_pool& workers) {
    return std::make_unique<webroot_solver>(std::move(folder), workers);
}

} // namespace evercert::solvers
