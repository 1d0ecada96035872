#include "daemon/helper/remote_deployer.hpp"

#include "core/net/turnstile.hpp"
#include "daemon/deploy/steps.hpp"
#include "daemon/helper/exchange.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <set>
#include <utility>

namespace evercert::daemon {
namespace {

/// Half of what evercert-deploy takes.
constexpr std::size_t most_at_once = 256;
/// Programs have a few seconds to end after their deadline, and systemd its own to do things.
constexpr milliseconds step_margin = seconds(20);
constexpr milliseconds exchange_margin = seconds(60);

class remote_deployer final : public server_deployer {
public:
    remote_deployer(const asio::any_io_executor& executor, event_sink& events, std::string socket,
                    std::map<std::string, deployment> deployments, std::unique_ptr<server_deployer> looks,
                    outcome_listener listener)
        : executor_(executor)
        , events_(events)
        , socket_(std::move(socket))
        , deployments_(std::move(deployments))
        , looks_(std::move(looks))
        , listener_(std::move(listener))
        , door_(executor, most_at_once) {}

    awaitable<result<void>> deploy(deployment_task task) override;
    void configure(std::map<std::string, deployment> deployments) override {
        deployments_ = deployments;
        looks_->configure(std::move(deployments));
    }
    awaitable<void> stop() override;

private:
    /// In the list of open connections as long as it lasts.
    class listed {
    public:
        listed(std::set<helper_connection>& list, helper_connection one) : list_(list), one_(std::move(one)) {
            list_.insert(one_);
        }
        ~listed() { list_.erase(one_); }
        listed(const listed&) = delete;
        listed& operator=(const listed&) = delete;

    private:
        std::set<helper_connection>& list_;
        helper_connection one_;
    };

    awaitable<result<void>> ask(deployment_task task);

    asio::any_io_executor executor_;
    event_sink& events_;
    std::string socket_;
    std::map<std::string, deployment> deployments_;
    std::unique_ptr<server_deployer> looks_;
    outcome_listener listener_;
    net::turnstile door_;
    std::set<helper_connection> open_;
    bool stopping_ = false;
};

awaitable<result<void>> remote_deployer::ask(deployment_task task) {
    const auto place = co_await door_.enter();
    if (stopping_) {
        co_return fail(errc::cancelled, "nothing is deployed any more: the program is stopping");
    }
    const milliseconds deadline = longest_exchange(task, deployments_, open_.size());
    auto connection = std::make_shared<asio::local::stream_protocol::socket>(executor_);
    const listed here(open_, connection);
    auto asking = ask_helper(connection, socket_, task.certificate, deadline, events_);
    co_return co_await std::move(asking);
}

awaitable<result<void>> remote_deployer::deploy(deployment_task task) {
    if (task.deployments.empty() && task.outputs.empty()) {
        co_return result<void>();
    }
    auto asking = ask(task);
    auto outcome = co_await std::move(asking);
    if (!outcome) {
        if (listener_ && outcome.error().code != errc::cancelled) {
            listener_("evercert-deploy", false);
        }
        co_return outcome;
    }
    auto looking = looks_->deploy(std::move(task));
    co_return co_await std::move(looking);
}

awaitable<void> remote_deployer::stop() {
    stopping_ = true;
    for (const helper_connection& each : open_) {
        boost::system::error_code ignored;
        each->close(ignored);
    }
    co_await looks_->stop();
    // Those that were broken off learn it on the loop's next turns.
    while (!open_.empty() || door_.waiting() > 0) {
        co_await asio::post(executor_, asio::use_awaitable);
    }
}

} // namespace

milliseconds longest_exchange(const deployment_task& task, const std::map<std::string, deployment>& known,
                              std::size_t ahead) {
    milliseconds sum = exchange_margin;
    for (const std::string& name : task.deployments) {
        const auto found = known.find(name);
        if (found == known.end()) {
            continue;
        }
        const deployment& how = found->second;
        const auto steps = is_hook(how) ? static_cast<std::int64_t>(ahead) + 1 : 4;
        sum += (how.timeout + step_margin) * steps;
    }
    return sum;
}

std::unique_ptr<server_deployer> make_remote_deployer(const asio::any_io_executor& executor,
                                                      event_sink& events, std::string socket,
                                                      std::map<std::string, deployment> deployments,
                                                      std::unique_ptr<server_deployer> looks,
                                                      outcome_listener listener) {
    return std::make_unique<remote_deployer>(executor, events, std::move(socket), std::move(deployments),
                                             std::move(looks), std::move(listener));
}

} // namespace evercert::daemon
