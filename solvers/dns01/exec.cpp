#include "solvers/dns01/exec.hpp"

#include "core/base/text.hpp"
#include "solvers/dns01/exec_call.hpp"
#include "solvers/dns01/exec_environment.hpp"
#include "solvers/dns01/exec_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <unistd.h>

namespace evercert::solvers {
namespace {

constexpr std::size_t chain_limit = 100; // triples in one call
constexpr std::size_t known_limit = 10'000;

/// Everything of one call that is read from disk. Blocks, so it is run by the workers.
result<secret_environment> read_files(const exec_settings& settings) {
    secret_environment all;
    if (!settings.account_conf.empty()) {
        if (auto read = load_environment(settings.account_conf, line_rule::lenient, all); !read) {
            return fail(std::move(read.error()));
        }
    }
    for (const auto& file : settings.environment_files) {
        if (auto read = load_environment(file, line_rule::strict, all); !read) {
            return fail(std::move(read.error()));
        }
    }
    if (settings.convention == hook_convention::acme_sh &&
        ::access(settings.program.front().c_str(), R_OK) != 0) {
        return fail(system_error(
            errno, fmt::format("cannot read the dnsapi script {}", escape(settings.program.front()))));
    }
    return all;
}

/// certbot passes what the auth hook printed without the white space around it. A NUL cannot be passed.
std::string auth_output(std::string_view printed) {
    std::string kept(trim(printed));
    std::erase(kept, '\0');
    return kept;
}

class exec_provider final : public dns_provider {
public:
    exec_provider(process_runner& runner, time_source& time, worker_pool& workers, exec_settings settings)
        : runner_(runner), time_(time), workers_(workers), settings_(std::move(settings)), line_(time) {}

    awaitable<result<void>> add(txt_task task) override {
        return serve(hook_operation::add, std::move(task));
    }
    awaitable<result<void>> remove(txt_task task) override {
        return serve(hook_operation::remove, std::move(task));
    }
    [[nodiscard]] bool wants_target() const noexcept override {
        return settings_.convention == hook_convention::lego ||
               settings_.convention == hook_convention::acme_sh;
    }

private:
    /// What is known of a record from adding it until removing it.
    struct known {
        bool there = false;
        certbot_context context;
    };
    using record = std::pair<std::string, std::string>;

    [[nodiscard]] bool is(hook_convention which) const noexcept { return settings_.convention == which; }
    [[nodiscard]] bool gathers(hook_operation what) const noexcept {
        return settings_.chain || (is(hook_convention::certbot) && what == hook_operation::add);
    }
    static record key(const txt_task& task) { return {task.record, task.value}; }

    awaitable<result<void>> serve(hook_operation what, txt_task task);
    awaitable<result<void>> perform(hook_operation what, std::vector<txt_task> tasks,
                                    certbot_context context);
    awaitable<result<void>> run(hook_operation what, std::vector<txt_task> tasks, certbot_context context);

    process_runner& runner_;
    time_source& time_;
    worker_pool& workers_;
    exec_settings settings_;
    exec_line line_;
    std::map<record, known> known_;
};

awaitable<result<void>> exec_provider::serve(hook_operation what, txt_task task) {
    certbot_context context;
    context.all_domains = task.domain;
    if (!settings_.one_at_a_time && !settings_.chain) {
        std::vector<txt_task> one(1, std::move(task));
        co_return co_await perform(what, std::move(one), std::move(context));
    }
    exec_line::place place(line_, what, task);
    co_await place.turn();
    if (place.done) {
        co_return std::move(*place.done);
    }
    if (gathers(what) && !line_.gathered(place)) {
        co_await sleep_for(time_, settings_.gather);
        line_.gather();
    }
    context.all_domains = line_.domains(place);
    context.remaining = line_.remaining(place);
    auto tasks = line_.lead(place, settings_.chain ? chain_limit : 1);
    auto how = co_await perform(what, std::move(tasks), std::move(context));
    line_.finish(place, how);
    co_return how;
}

/// Leaves out what need not be done, and remembers what was.
awaitable<result<void>> exec_provider::perform(hook_operation what, std::vector<txt_task> tasks,
                                               certbot_context context) {
    if (what == hook_operation::add) {
        std::erase_if(tasks, [&](const txt_task& task) {
            const auto found = known_.find(key(task));
            return found != known_.end() && found->second.there;
        });
    } else if (is(hook_convention::certbot)) {
        if (const auto found = known_.find(key(tasks.front())); found != known_.end()) {
            context = std::move(found->second.context);
        }
    }
    if (what == hook_operation::remove) {
        for (const auto& task : tasks) {
            known_.erase(key(task));
        }
    }
    if (tasks.empty()) {
        co_return result<void>();
    }
    co_return co_await run(what, std::move(tasks), std::move(context));
}

awaitable<result<void>> exec_provider::run(hook_operation what, std::vector<txt_task> tasks,
                                           certbot_context context) {
    const hook_call call = make_hook_call(settings_, what, tasks, context);
    if (call.argv.empty()) {
        co_return result<void>();
    }
    auto reading = [this] { return read_files(settings_); };
    const auto secrets = co_await workers_.run(std::move(reading));
    if (!secrets) {
        co_return fail(secrets.error().within("the DNS hook " + call.shown + " was not run"));
    }
    process_request request(call.argv);
    request.environment = secrets->all();
    for (const auto* more : {&std::as_const(settings_.environment), &call.environment}) {
        request.environment.insert(request.environment.end(), more->begin(), more->end());
    }
    request.deadline = run_deadline(settings_);
    request.output_limit = settings_.output_limit;
    request.stderr_apart = is(hook_convention::certbot);
    const auto outcome = co_await runner_.run(std::move(request));
    if (!outcome) {
        co_return fail(outcome.error().within("the DNS hook " + call.shown + " was not run"));
    }
    auto how = judge(settings_, call, *outcome, *secrets);
    if (what == hook_operation::add && known_.size() < known_limit) {
        context.auth_output = auth_output(outcome->output);
        for (const auto& task : tasks) {
            known& entry = known_[key(task)];
            entry.there = how.has_value();
            if (is(hook_convention::certbot)) {
                entry.context = context;
            }
        }
    }
    co_return how;
}

std::string_view word(hook_convention which) {
    switch (which) {
    case hook_convention::lego:
    case hook_convention::lego_raw:
        return "lego";
    case hook_convention::certbot:
        return "certbot";
    case hook_convention::dehydrated:
        return "dehydrated";
    case hook_convention::acme_sh:
        break;
    }
    return "acme.sh";
}

} // namespace

result<void> check(const exec_settings& settings) {
    const auto wrong = [&](std::string_view what) {
        return fail(errc::invalid_argument,
                    fmt::format("a DNS hook in the convention of {}: {}", word(settings.convention), what));
    };
    const bool acme_sh = settings.convention == hook_convention::acme_sh;
    if (settings.program.empty() || settings.program.front().empty()) {
        return wrong("it needs a program");
    }
    if (acme_sh && (settings.program.size() != 1 || !settings.program.front().starts_with('/') ||
                    dnsapi_name(settings.program.front()).empty())) {
        return wrong("the program is the absolute path of a dnsapi script named dns_NAME.sh, alone");
    }
    if (!settings.cleanup.empty() &&
        (settings.convention != hook_convention::certbot || settings.cleanup.front().empty())) {
        return wrong("only certbot has a cleanup hook of its own; the others call one program for both");
    }
    if (settings.chain && settings.convention != hook_convention::dehydrated) {
        return wrong("a chain is known to dehydrated only");
    }
    if (!acme_sh && !(settings.account_conf.empty() && settings.state_folder.empty())) {
        return wrong("only scripts of acme.sh have an account.conf and keep a state");
    }
    if (!settings.state_folder.empty() && !settings.state_folder.starts_with('/')) {
        return wrong("the folder for what scripts save has to be an absolute path");
    }
    if (settings.deadline < milliseconds(0) || settings.gather < milliseconds(0)) {
        return wrong("times cannot be negative");
    }
    return {};
}

std::unique_ptr<dns_provider> make_exec_provider(process_runner& runner, time_source& time,
                                                 worker_pool& workers, exec_settings settings) {
    return std::make_unique<exec_provider>(runner, time, workers, std::move(settings));
}

} // namespace evercert::solvers
