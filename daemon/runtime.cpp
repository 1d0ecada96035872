#include "daemon/runtime.hpp"

#include "config/diff.hpp"
#include "config/load.hpp"
#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "core/net/http_server.hpp"
#include "daemon/background.hpp"
#include "daemon/control/routes.hpp"
#include "daemon/hardening.hpp"
#include "daemon/log/log.hpp"
#include "daemon/memory.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "daemon/status/listener.hpp"
#include "daemon/wiring.hpp"
#include "systemd/listen_fds.hpp"
#include "systemd/notifier.hpp"
#include "systemd/watchdog.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace evercert::daemon {
namespace {

constexpr milliseconds drain_time = std::chrono::seconds(8);
constexpr milliseconds farewell_time = std::chrono::seconds(1);
constexpr milliseconds last_words(500);
constexpr milliseconds challenge_retry = std::chrono::seconds(10);

void print_mistakes(const std::vector<config::mistake>& mistakes) {
    for (const auto& wrong : mistakes) {
        std::fprintf(stderr, "%s\n", wrong.to_string().c_str());
    }
}

/// systemd makes /run/evercert (RuntimeDirectory=); started by hand, nobody has. The socket's own mode guards
/// it, so the folder may be entered by all. What goes wrong shows when the socket is made.
void make_socket_folder(const std::string& socket) {
    const std::filesystem::path folder = std::filesystem::path(socket).parent_path();
    std::error_code ignored;
    if (!folder.empty() && std::filesystem::create_directory(folder, ignored)) {
        std::filesystem::permissions(folder, std::filesystem::perms(0755), ignored);
    }
}

class runtime {
public:
    runtime(run_options options, config::settings settings)
        : options_(std::move(options))
        , settings_(std::move(settings))
        , time_(make_system_time(loop_.get_executor()))
        , log_(make_log(settings_.log, *time_, standard_outlets()))
        , counted_(*log_)
        , started_(time_->now())
        , configured_(started_)
        , tasks_(loop_.get_executor(), reporter())
        , closing_(loop_.get_executor(), reporter()) {}

    int run();

private:
    result<void> start_up();
    awaitable<void> live();
    awaitable<void> shut_down();
    awaitable<void> watch_signals();
    awaitable<void> retry_challenges();
    result<std::string> reload();
    void accept(config::settings fresh);
    awaitable<void> apply_accepted();
    [[nodiscard]] daemon_status describe() const;
    [[nodiscard]] status::status_parts status_parts();
    [[nodiscard]] std::string summary() const;
    void tell(std::string_view id, severity level, std::string message);
    void tell_warnings(const config::settings& settings);
    task_group::exception_handler reporter() {
        return [this](const std::string& task, const std::string& what) {
            tell("internal.exception", severity::error,
                 fmt::format("unexpected exception in {}: {}", task, what));
        };
    }

    run_options options_;
    asio::io_context loop_{1};
    config::settings settings_;
    std::unique_ptr<time_source> time_;
    std::unique_ptr<log> log_;
    status::tally counted_;
    wall_time started_;
    sandbox_plan allowed_;
    confinement confined_;
    wall_time configured_;
    bool refused_ = false;                     ///< the configuration that was loaded last
    std::optional<config::settings> accepted_; ///< to be applied next
    bool applying_ = false;
    systemd::notifier manager_;
    std::unique_ptr<wiring> objects_;
    std::unique_ptr<net::http_server> control_;
    std::unique_ptr<status::status_listener> status_;
    task_group tasks_;
    task_group closing_;
    std::unique_ptr<timer> stop_;
    int exit_code_ = 0;
};

void runtime::tell(std::string_view id, severity level, std::string message) {
    const event what{
        .id = id, .level = level, .certificate = {}, .message = std::move(message), .fields = {}};
    if (objects_) {
        objects_->history().emit(what); // which passes it on
    } else {
        counted_.emit(what);
    }
}

void runtime::tell_warnings(const config::settings& settings) {
    for (std::string& warning : config::warnings(settings)) {
        tell("config.warning", severity::warning, std::move(warning));
    }
}

int runtime::run() {
    harden_process(*log_);
    tell_warnings(settings_);
    if (auto started = start_up(); !started) {
        tell("daemon.failed", severity::error, started.error().text());
        return 1;
    }
    stop_ = time_->make_timer();
    asio::co_spawn(loop_, live(), [this](const std::exception_ptr& failure) {
        if (failure) {
            exit_code_ = 1;
            tell("internal.exception", severity::error, "unexpected exception in the daemon's own task");
        }
        loop_.stop();
    });
    loop_.run();
    return exit_code_;
}

/// Steps 4 to 7.
result<void> runtime::start_up() {
    auto files = open_store(settings_.data_dir);
    if (!files) {
        return fail(files.error());
    }
    auto sockets = systemd::take_listen_fds();
    if (!sockets) {
        return fail(sockets.error());
    }
    make_socket_folder(settings_.control.socket);
    allowed_ = plan_sandbox(settings_, !options_.deploy_socket.empty());
    confined_ = enter_sandbox(allowed_, *log_);
    objects_ = std::make_unique<wiring>(loop_.get_executor(), *time_, counted_, std::move(*files), settings_,
                                        std::move(*sockets), options_.deploy_socket);
    control_parts parts{
        .engine = objects_->engine(),
        .time = *time_,
        .events = objects_->history(),
        .reload = [this] { return reload(); },
        .status = [this] { return describe(); },
        .history = [this](std::string name) { return objects_->history().of(std::move(name)); },
        .recent = [this] { return objects_->history().recent(); },
        .dns_records = [this](std::string name) { return objects_->records().look(std::move(name)); },
        .notifications = [this] { return objects_->notices().look(); },
        .test_notifications = [this] { return objects_->notices().test(); },
        .feed = objects_->feed()};
    control_ = net::make_http_server(loop_.get_executor(), objects_->history(), control_limits(),
                                     make_control_handler(std::move(parts)));
    net::unix_endpoint socket;
    socket.path = settings_.control.socket;
    socket.group = settings_.control.group;
    if (auto listening = control_->listen(socket); !listening) {
        return fail(listening.error().within("the control socket"));
    }
    status_ = std::make_unique<status::status_listener>(status_parts(), objects_->history());
    return {};
}

/// Steps 8 and 9, then the daemon's life.
awaitable<void> runtime::live() {
    tasks_.spawn("signals", watch_signals());
    config::settings first = settings_;
    co_await objects_->apply(std::move(first));
    objects_->notices().start();
    status_->configure(settings_.status);
    tell("daemon.ready", severity::info,
         fmt::format("evercertd {}: {}; control socket {}", EVERCERT_VERSION, summary(),
                     settings_.control.socket));
    manager_.ready(summary());
    tasks_.spawn("challenges", retry_challenges());
    tasks_.spawn("standing records", objects_->records().run());
    tasks_.spawn("status page", status_->tidy());
    tasks_.spawn("memory", give_back_memory(*time_));
    if (const auto interval = systemd::watchdog_interval()) {
        tasks_.spawn("watchdog", systemd::keep_watchdog(*time_, manager_, *interval));
    }
    if (options_.once) {
        // A signal still ends it early.
        auto all_done = [](runtime& self) -> awaitable<void> {
            co_await self.objects_->engine().settle();
            self.exit_code_ = self.objects_->engine().all_well() ? 0 : 1;
            self.stop_->cancel();
        };
        tasks_.spawn("once", all_done(*this));
    }
    co_await stop_->wait_until(steady_time::max());
    co_await shut_down();
}

awaitable<void> runtime::shut_down() {
    manager_.stopping("finishing what is under way");
    tell("daemon.stopping", severity::info, "finishing what is under way");
    closing_.spawn("control socket", control_->stop());
    closing_.spawn("status page", status_->stop());
    co_await objects_->engine().stop(drain_time);
    co_await objects_->deploys().stop();
    closing_.spawn("listeners", objects_->challenges().close());
    co_await objects_->notices().stop(last_words); // meanwhile the others close
    objects_->feed().close();                      // whoever follows has seen the end of what was under way
    // Whoever is still connected then has nothing to wait for.
    auto pause = time_->make_timer();
    for (milliseconds waited{0}; closing_.size() > 0 && waited < farewell_time; waited += milliseconds(20)) {
        co_await pause->wait_until(time_->steady_now() + milliseconds(20));
    }
    closing_.cancel();
    co_await closing_.join();
    tasks_.cancel();
    co_await tasks_.join();
    co_await objects_->history().stop(farewell_time);
    tell("daemon.stopped", severity::info, "stopped");
}

awaitable<void> runtime::watch_signals() {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT, SIGHUP);
    bool stopping = false;
    for (;;) {
        const int number = co_await signals.async_wait(asio::use_awaitable);
        if (number == SIGHUP) {
            if (!stopping) {
                [[maybe_unused]] const auto outcome = reload(); // which the log has been told
            }
        } else if (stopping) {
            tell("daemon.killed", severity::warning, "asked to stop a second time: ending at once");
            std::_Exit(exit_code_); // every record on disk is complete at any moment
        } else {
            stopping = true;
            stop_->cancel();
        }
    }
}

/// A port that was taken at start-up may be free later, and a credential there.
awaitable<void> runtime::retry_challenges() {
    for (;;) {
        co_await sleep_for(*time_, challenge_retry);
        objects_->challenges().retry();
        status_->retry();
    }
}

result<std::string> runtime::reload() {
    manager_.reloading(time_->steady_now());
    auto loaded = config::load_file(options_.config);
    if (!loaded) {
        std::vector<std::string> lines;
        for (const auto& wrong : loaded.error()) {
            lines.push_back(wrong.to_string());
            tell("config.mistake", severity::error, lines.back());
        }
        tell("config.refused", severity::error,
             "the new configuration has mistakes: the running one stays in force");
        refused_ = true;
        manager_.ready(summary());
        return fail(errc::invalid_argument,
                    "the new configuration has mistakes, the running one stays in force: " +
                        join(lines, "; "));
    }
    config::difference change = config::compare(settings_, *loaded);
    for (std::string& need : beyond(allowed_, plan_sandbox(*loaded, !options_.deploy_socket.empty()))) {
        change.needs_restart.push_back(std::move(need));
    }
    std::string text = config::to_text(change);
    if (!change.needs_restart.empty()) {
        tell("config.needs_restart", severity::warning, text);
    }
    tell("config.reloaded", severity::info, text);
    tell_warnings(*loaded);
    accept(std::move(*loaded));
    return text;
}

void runtime::accept(config::settings fresh) {
    refused_ = false;
    configured_ = time_->now();
    log_->configure(fresh.log);
    status_->configure(fresh.status);
    config::settings next = fresh;
    // What only a restart can apply stays as it runs, so that the next reload says so again.
    next.data_dir = settings_.data_dir;
    next.control = settings_.control;
    settings_ = std::move(next);
    accepted_ = std::move(fresh);
    if (!applying_) {
        applying_ = true;
        tasks_.spawn("reload", apply_accepted());
    }
}

/// One after the other: a listener that is dropped waits for whoever is still connected, and a configuration
/// that waits there must not come into force behind a newer one.
awaitable<void> runtime::apply_accepted() {
    const std::shared_ptr<void> done(nullptr, [this](void*) { applying_ = false; }); // by an exception, too
    while (accepted_) {
        config::settings next = std::move(*accepted_);
        accepted_.reset();
        co_await objects_->apply(std::move(next));
    }
    manager_.ready(summary());
}

daemon_status runtime::describe() const {
    daemon_status told;
    told.version = EVERCERT_VERSION;
    told.pid = ::getpid();
    told.started = started_;
    told.confined = confined_;
    told.deploy_socket = options_.deploy_socket;
    told.listeners = objects_->challenges().addresses();
    const std::vector<std::string> pages = status_->addresses();
    told.listeners.insert(told.listeners.end(), pages.begin(), pages.end());
    told.listeners.push_back(settings_.control.socket);
    return told;
}

status::status_parts runtime::status_parts() {
    return {.executor = loop_.get_executor(),
            .engine = objects_->engine(),
            .time = *time_,
            .counted = counted_,
            .daemon =
                [this] {
                    return status::daemon_facts{.version = EVERCERT_VERSION,
                                                .started = started_,
                                                .configured = configured_,
                                                .configuration_refused = refused_,
                                                .listeners = describe().listeners};
                },
            .traffic =
                [this] {
                    std::vector<status::listener_traffic> all;
                    for (challenge_traffic& each : objects_->challenges().traffic()) {
                        all.push_back({std::move(each.challenge), std::move(each.type), each.counters});
                    }
                    all.push_back({"status", "http", status_->counters()});
                    return all;
                },
            .crl_lists = [this] { return objects_->crl_lists(); },
            .history = [this](std::string name) { return objects_->history().of(std::move(name)); },
            .recent = [this] { return objects_->history().recent(); }};
}

std::string runtime::summary() const {
    return fmt::format("{} certificate{} managed", settings_.certificates.size(),
                       settings_.certificates.size() == 1 ? "" : "s");
}

} // namespace

int run(const run_options& options) {
    share_memory_between_threads();
    stay_in_the_background();
    auto settings = config::load_file(options.config);
    if (!settings) {
        print_mistakes(settings.error());
        return 2;
    }
    if (options.check) {
        for (const std::string& warning : config::warnings(*settings)) {
            std::printf("%s: warning: %s\n", options.config.c_str(), warning.c_str());
        }
        std::printf("%s: %zu certificate%s, no mistakes\n", options.config.c_str(),
                    settings->certificates.size(), settings->certificates.size() == 1 ? "" : "s");
        return 0;
    }
    return runtime(options, std::move(*settings)).run();
}

} // namespace evercert::daemon
