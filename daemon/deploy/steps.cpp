#include "daemon/deploy/steps.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

/// Linux takes at most 128 KiB as one environment string.
constexpr std::size_t longest_variable = 100 * 1024;

std::string shown(const std::vector<std::string>& argv) {
    return escape(join(argv, " "), 200);
}

/// Programs say what is wrong at the end.
std::string tail(const std::string& output) {
    constexpr std::size_t enough = 400;
    std::string_view text = trim(output);
    if (text.size() > enough) {
        text.remove_prefix(text.size() - enough);
        const auto line = text.find('\n');
        if (line != std::string_view::npos && line + 1 < text.size()) {
            text.remove_prefix(line + 1);
        }
    }
    return std::string(text);
}

errc code_of(const process_outcome& outcome) {
    return outcome.timed_out ? errc::timed_out : errc::refused;
}

} // namespace

bool is_hook(const deployment& how) noexcept {
    return !how.command.empty() && how.test.empty() && how.verify.empty() && how.runtime.empty();
}

std::vector<std::string> reload_argv(const deployment& how) {
    if (!how.reload_unit.empty()) {
        return {"systemctl", "reload", "--", how.reload_unit};
    }
    return how.command;
}

std::vector<std::pair<std::string, std::string>> step_environment(const deployment& how,
                                                                  const std::vector<shared_task>& tasks) {
    std::vector<std::pair<std::string, std::string>> out;
    auto add = [&](const char* name, std::string value) {
        if (value.size() <= longest_variable) {
            out.emplace_back(name, std::move(value));
        }
    };
    std::vector<std::string> certificates;
    for (const shared_task& task : tasks) {
        certificates.push_back(task->certificate);
    }
    add("EVERCERT_DEPLOYMENT", how.name);
    add("EVERCERT_CERTIFICATES", join(certificates, " "));
    if (tasks.size() == 1) {
        const deployment_task& task = *tasks.front();
        std::vector<std::string> names;
        for (const identifier& name : task.names) {
            names.push_back(name.value);
        }
        add("EVERCERT_CERTIFICATE", task.certificate);
        add("EVERCERT_LIVE_DIRECTORY", task.live_directory);
        add("EVERCERT_NAMES", join(names, " "));
        add("EVERCERT_FINGERPRINT", task.fingerprints.empty() ? std::string() : task.fingerprints.front());
        if (how.convention == "certbot") {
            add("RENEWED_LINEAGE", task.live_directory);
            add("RENEWED_DOMAINS", join(names, " "));
        }
    }
    return out;
}

awaitable<result<void>> run_config_test(process_runner& runner, deployment how) {
    if (how.test.empty()) {
        co_return result<void>();
    }
    process_request request(how.test);
    request.deadline = how.timeout;
    const auto outcome = co_await runner.run(std::move(request));
    if (!outcome) {
        co_return fail(outcome.error().within(fmt::format(
            "deployment {}: the server's configuration could not be tested with `{}`, nothing was reloaded",
            how.name, shown(how.test))));
    }
    if (!outcome->ok()) {
        co_return fail(
            code_of(*outcome),
            fmt::format("deployment {}: the server's own configuration test `{}` {}; nothing was reloaded. "
                        "Mend what it complains about",
                        how.name, shown(how.test), outcome->describe()),
            tail(outcome->output));
    }
    co_return result<void>();
}

awaitable<result<void>> run_reload(process_runner& runner, deployment how, std::vector<shared_task> tasks) {
    const std::vector<std::string> argv = reload_argv(how);
    if (argv.empty()) {
        co_return result<void>();
    }
    process_request request(argv);
    if (how.reload_unit.empty()) {
        request.environment = step_environment(how, tasks);
    }
    request.deadline = how.timeout;
    const auto outcome = co_await runner.run(std::move(request));
    if (!outcome) {
        const bool no_systemctl = !how.reload_unit.empty() && outcome.error().code == errc::not_found;
        const std::string mend =
            no_systemctl
                ? fmt::format(" (without systemd, give deployment {} a `command` instead of `reload_unit`)",
                              how.name)
                : std::string();
        co_return fail(outcome.error().within(
            fmt::format("deployment {}: `{}` could not be run{}", how.name, shown(argv), mend)));
    }
    if (!outcome->ok()) {
        const std::string_view what = is_hook(how) ? "the hook" : "the reload";
        const std::string mend =
            how.reload_unit.empty()
                ? std::string()
                : fmt::format(". Mend: `systemctl status {0}` says how it is; one that does not "
                              "run is started by `systemctl start {0}`",
                              escape(how.reload_unit, 200));
        co_return fail(code_of(*outcome),
                       fmt::format("deployment {}: {} `{}` {}{}", how.name, what, shown(argv),
                                   outcome->describe(), mend),
                       tail(outcome->output));
    }
    co_return result<void>();
}

} // namespace evercert::daemon
