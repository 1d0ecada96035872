#include "daemon/helper/service.hpp"

#include "core/backends/process_runner.hpp"
#include "core/backends/spawn.hpp"
#include "core/base/random.hpp"
#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "core/base/worker_pool.hpp"
#include "daemon/deploy/deployer.hpp"
#include "daemon/deploy/haproxy_runtime.hpp"
#include "daemon/hardening.hpp"
#include "daemon/helper/live_task.hpp"
#include "daemon/helper/server.hpp"
#include "daemon/helper/trusted_settings.hpp"
#include "daemon/helper/trusting_runner.hpp"
#include "daemon/helper/unit_runner.hpp"
#include "daemon/log/log.hpp"
#include "systemd/listen_fds.hpp"
#include "systemd/notifier.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace evercert::daemon {
namespace {

constexpr milliseconds drain_time = seconds(30);
constexpr milliseconds farewell_time = seconds(1);
/// For looking at live sets, which is reading and arithmetic.
constexpr unsigned worker_threads = 2;

log_outlets outlets() {
    log_outlets out = standard_outlets();
    out.identifier = "evercert-deploy";
    return out;
}

struct account {
    uid_t uid = 0;
    std::string group;
};

result<account> find_client(const std::string& user) {
    unsigned uid = 0;
    const auto [end, wrong] = std::from_chars(user.data(), user.data() + user.size(), uid);
    const bool number = wrong == std::errc() && end == user.data() + user.size();
    std::array<char, 4096> text{};
    passwd entry{};
    passwd* found = nullptr;
    if (number) {
        ::getpwuid_r(uid, &entry, text.data(), text.size(), &found);
    } else {
        ::getpwnam_r(user.c_str(), &entry, text.data(), text.size(), &found);
    }
    if (found == nullptr && !number) {
        return fail(
            errc::not_found,
            fmt::format("there is no user {}: whose requests are to be taken? Make it (the package does: "
                        "useradd --system evercert), or name another with --client-user",
                        escape(user)));
    }
    account out;
    out.uid = found != nullptr ? entry.pw_uid : uid;
    std::array<char, 4096> more{};
    group group_entry{};
    group* its_group = nullptr;
    if (found != nullptr) {
        ::getgrgid_r(entry.pw_gid, &group_entry, more.data(), more.size(), &its_group);
    }
    out.group = its_group != nullptr ? group_entry.gr_name : "";
    return out;
}

bool systemd_runs() {
    std::error_code ignored;
    return std::filesystem::is_directory("/run/systemd/system", ignored);
}

class service {
public:
    explicit service(const helper_options& options);
    int run();

private:
    result<void> start_up();
    result<net::listen_address> find_socket(const account& client);
    awaitable<void> live();
    awaitable<void> watch_signals();
    awaitable<void> leave_when_idle();
    void tell(std::string_view id, severity level, std::string message);

    helper_options options_;
    asio::io_context loop_{1};
    std::unique_ptr<time_source> time_;
    std::unique_ptr<random_source> random_;
    std::unique_ptr<log> log_;
    event_relay events_;
    bool as_units_;
    worker_pool workers_;
    std::unique_ptr<process_runner> children_;
    std::unique_ptr<process_runner> trusted_; ///< systemd's own tools, too
    std::unique_ptr<process_runner> units_;
    std::unique_ptr<process_runner> programs_;
    std::unique_ptr<server_deployer> deploys_;
    trusted_settings settings_;
    live_tasks tasks_for_;
    std::unique_ptr<deployer> outputs_; ///< before `deploys_`
    std::unique_ptr<deploy_server> server_;
    systemd::notifier manager_;
    task_group tasks_;
    std::unique_ptr<timer> stop_;
    int exit_code_ = 0;
};

service::service(const helper_options& options)
    : options_(options)
    , time_(make_system_time(loop_.get_executor()))
    , random_(make_system_random())
    , log_(make_log({}, *time_, outlets()))
    , events_(*log_)
    , as_units_(!options.run_directly && systemd_runs())
    , workers_(worker_threads)
    , children_(backends::make_process_runner(loop_.get_executor()))
    , trusted_(make_trusting_runner(*children_, backends::find_program, *log_))
    , units_(make_unit_runner(*trusted_, *random_))
    , programs_(make_trusting_runner(as_units_ ? *units_ : *children_, backends::find_program, *log_))
    , deploys_(make_deployer(loop_.get_executor(), *programs_, *time_, events_, {}, {}, {},
                             deploy_steps::programs, haproxy_updates(workers_, *time_)))
    , settings_(std::filesystem::absolute(options.config).string(), *log_,
                [this](const config::settings& fresh) {
                    log_->configure(fresh.log);
                    deploys_->configure(fresh.deployments);
                })
    , tasks_for_(settings_, workers_, *time_)
    , outputs_(make_output_deployer(
          output_parts{.inner = *deploys_,
                       .live = [this](const deployment_task& task) { return tasks_for_.reader(task); },
                       .workers = workers_,
                       .events = events_,
                       .service = "evercert-deploy"}))
    , tasks_(loop_.get_executor(),
             [this](const std::string& task, const std::string& what) {
                 tell("internal.exception", severity::error,
                      fmt::format("unexpected exception in {}: {}", task, what));
             })
    , stop_(time_->make_timer()) {}

void service::tell(std::string_view id, severity level, std::string message) {
    const event what{
        .id = id, .level = level, .certificate = {}, .message = std::move(message), .fields = {}};
    log_->emit(what);
}

int service::run() {
    harden_process(*log_);
    if (auto started = start_up(); !started) {
        tell("daemon.failed", severity::error, started.error().text());
        return 1;
    }
    asio::co_spawn(loop_, live(), [this](const std::exception_ptr& failure) {
        if (failure) {
            exit_code_ = 1;
            tell("internal.exception", severity::error, "unexpected exception in the helper's own task");
        }
        loop_.stop();
    });
    loop_.run();
    return exit_code_;
}

result<net::listen_address> service::find_socket(const account& client) {
    auto passed = systemd::take_listen_fds();
    if (!passed) {
        return fail(passed.error());
    }
    if (!options_.listen.empty()) {
        net::unix_endpoint own;
        own.path = options_.listen;
        own.group = client.group;
        return net::listen_address(std::move(own));
    }
    if (passed->size() != 1) {
        return fail(
            errc::invalid_argument,
            fmt::format("{} sockets were passed, and one is expected. This program is started by "
                        "evercert-deploy.socket (systemctl start evercert-deploy.socket); by hand, give "
                        "it --listen PATH",
                        passed->size()));
    }
    return net::listen_address(net::passed_socket{passed->front().descriptor});
}

result<void> service::start_up() {
    const auto client = find_client(options_.client_user);
    if (!client) {
        return fail(client.error());
    }
    auto where = find_socket(*client);
    if (!where) {
        return fail(where.error());
    }
    auto make_task = [this](std::string name) { return tasks_for_.make(std::move(name)); };
    auto services = std::make_shared<deploy_services>(*time_, events_, *outputs_, std::move(make_task),
                                                      client->uid, deploy_limits());
    server_ = std::make_unique<deploy_server>(loop_.get_executor(), std::move(services));
    return server_->listen(std::move(*where));
}

awaitable<void> service::live() {
    tasks_.spawn("signals", watch_signals());
    tasks_.spawn("idle", leave_when_idle());
    tell("deploy.ready", severity::debug,
         fmt::format("evercert-deploy {} takes requests; programs run {}", EVERCERT_VERSION,
                     as_units_ ? "as units of systemd" : "as its children"));
    manager_.ready("waiting for evercertd");
    co_await stop_->wait_until(steady_time::max());
    manager_.stopping("finishing what is under way");

    task_group closing(loop_.get_executor(), [](const std::string&, const std::string&) {});
    closing.spawn("drain", server_->drain());
    auto pause = time_->make_timer();
    const auto wait_at_most = [&](milliseconds how_long) -> awaitable<void> {
        const steady_time end = time_->steady_now() + how_long;
        while (closing.size() > 0 && time_->steady_now() < end) {
            co_await pause->wait_until(time_->steady_now() + milliseconds(20));
        }
    };
    co_await wait_at_most(drain_time);
    co_await deploys_->stop(); // whoever still waits is told that it was broken off
    co_await wait_at_most(farewell_time);
    closing.cancel();
    co_await closing.join();
    tasks_.cancel();
    co_await tasks_.join();
    server_.reset();
}

/// A second signal ends at once.
awaitable<void> service::watch_signals() {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::use_awaitable);
    stop_->cancel();
    co_await signals.async_wait(asio::use_awaitable);
    std::_Exit(1);
}

awaitable<void> service::leave_when_idle() {
    const milliseconds never = std::chrono::years(10);
    co_await server_->wait_idle(options_.idle.count() > 0 ? options_.idle : never);
    stop_->cancel();
}

} // namespace

int run_helper(const helper_options& options) {
    return service(options).run();
}

} // namespace evercert::daemon
