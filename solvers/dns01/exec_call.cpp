#include "solvers/dns01/exec_call.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::solvers {
namespace {

constexpr std::size_t told = 400; // bytes of output in an error: the end, where programs say why

void pass(hook_call& call, const std::vector<std::string>& arguments) {
    call.argv.insert(call.argv.end(), arguments.begin(), arguments.end());
}

/// lego's exec provider, both modes.
void call_lego(hook_call& call, bool raw, hook_operation what, const txt_task& task) {
    const std::string verb = what == hook_operation::add ? "present" : "cleanup";
    if (raw) {
        pass(call, {verb, "--", task.domain, task.token, task.key_authorization});
        call.shown += fmt::format(" {} -- {} TOKEN KEYAUTHORIZATION", verb, escape(task.domain));
    } else {
        pass(call, {verb, task.target + ".", task.value});
        call.shown += fmt::format(" {} {}. VALUE", verb, escape(task.target));
    }
}

/// certbot's manual plugin. It has CERTBOT_TOKEN for http-01 only.
void call_certbot(hook_call& call, hook_operation what, const txt_task& task,
                  const certbot_context& context) {
    call.environment = {
        {"CERTBOT_DOMAIN", task.domain},
        {"CERTBOT_IDENTIFIER", task.domain},
        {"CERTBOT_VALIDATION", task.value},
        {"CERTBOT_ALL_DOMAINS", context.all_domains},
        {"CERTBOT_ALL_IDENTIFIERS", context.all_domains},
        {"CERTBOT_REMAINING_CHALLENGES", std::to_string(context.remaining)},
    };
    if (what == hook_operation::remove) {
        call.environment.emplace_back("CERTBOT_AUTH_OUTPUT", context.auth_output);
    }
    call.shown += fmt::format(" with CERTBOT_DOMAIN={}", escape(task.domain));
}

void call_dehydrated(hook_call& call, hook_operation what, const std::vector<txt_task>& tasks) {
    const std::string verb = what == hook_operation::add ? "deploy_challenge" : "clean_challenge";
    pass(call, {verb});
    call.shown += " " + verb;
    for (const auto& task : tasks) {
        pass(call, {task.domain, task.token, task.value});
    }
    constexpr std::size_t shown = 3;
    for (std::size_t i = 0; i < std::min(shown, tasks.size()); ++i) {
        call.shown += fmt::format(" {} TOKEN VALUE", escape(tasks[i].domain));
    }
    if (tasks.size() > shown) {
        call.shown += fmt::format(" and {} more", tasks.size() - shown);
    }
}

void call_acme_sh(hook_call& call, const exec_settings& settings, hook_operation what, const txt_task& task) {
    const std::string verb = what == hook_operation::add ? "add" : "rm";
    const std::string script = settings.program.front();
    // In the environment, as 20 KiB of it would fill every process listing.
    call.argv = {"/bin/sh",
                 "-c",
                 "eval \"$EVERCERT_ACME_SH\"",
                 "evercert-acme-sh",
                 script,
                 dnsapi_name(script),
                 verb,
                 task.target,
                 task.value};
    call.environment = {{"EVERCERT_ACME_SH", acme_sh_shim},
                        {"EVERCERT_STATE", settings.state_folder},
                        {"EVERCERT_DOMAIN", task.domain}};
    call.shown =
        fmt::format("{} ({}_{} {} VALUE)", escape(script), dnsapi_name(script), verb, escape(task.target));
}

/// What to do about it.
std::string mend(const exec_settings& settings, const process_outcome& outcome) {
    const bool has_files = !settings.environment_files.empty() || !settings.account_conf.empty();
    if (outcome.timed_out) {
        return "it was ended with all it started: see what it waits for, or give it a longer deadline";
    }
    if (outcome.signal != 0) {
        return "somebody or something ended it: look for the kernel's out-of-memory killer and for limits of "
               "the "
               "service";
    }
    if (outcome.exit_code == 127 || outcome.exit_code == 126) {
        return "that means mostly that it calls a program that is not installed or not in its PATH: it gets "
               "a "
               "clean environment, and PATH and other variables that it needs belong into its environment "
               "file";
    }
    return has_files
               ? "run it by hand with the same arguments, and check the credentials in its environment file"
               : "run it by hand with the same arguments and with nothing but PATH, HOME and LANG in the "
                 "environment; variables that it needs belong into its environment file";
}

std::string last_words(const process_outcome& outcome) {
    std::string_view words = trim(outcome.errors);
    if (words.empty()) {
        words = trim(outcome.output);
    }
    return std::string(words);
}

} // namespace

hook_call make_hook_call(const exec_settings& settings, hook_operation what,
                         const std::vector<txt_task>& tasks, const certbot_context& context) {
    hook_call call;
    const bool cleanup = settings.convention == hook_convention::certbot && what == hook_operation::remove;
    call.argv = cleanup ? settings.cleanup : settings.program;
    if (call.argv.empty() || tasks.empty()) {
        return call;
    }
    // The operator's own arguments are left out: they may hold what should have been in a file.
    call.shown = escape(call.argv.front());
    switch (settings.convention) {
    case hook_convention::lego:
    case hook_convention::lego_raw:
        call_lego(call, settings.convention == hook_convention::lego_raw, what, tasks.front());
        break;
    case hook_convention::certbot:
        call_certbot(call, what, tasks.front(), context);
        break;
    case hook_convention::dehydrated:
        call_dehydrated(call, what, tasks);
        break;
    case hook_convention::acme_sh:
        call_acme_sh(call, settings, what, tasks.front());
        break;
    }
    return call;
}

milliseconds run_deadline(const exec_settings& settings) {
    if (settings.deadline > milliseconds(0)) {
        return settings.deadline;
    }
    // Scripts of acme.sh sleep, and ask an API several times to find the zone.
    return settings.convention == hook_convention::acme_sh ? seconds(120) : seconds(60);
}

result<void> judge(const exec_settings& settings, const hook_call& call, const process_outcome& outcome,
                   const secret_environment& secrets) {
    if (outcome.ok()) {
        return {};
    }
    std::string how = outcome.describe();
    if (outcome.timed_out) {
        how = fmt::format("did not end within its deadline of {}", format_duration(run_deadline(settings)));
    }
    std::string words = secrets.redacted(last_words(outcome));
    if (words.size() > told) {
        words = "..." + words.substr(words.size() - told);
    }
    return fail(outcome.timed_out ? errc::timed_out : errc::refused,
                fmt::format("the DNS hook {} {}: {}", call.shown, how, mend(settings, outcome)),
                std::move(words));
}

std::string dnsapi_name(std::string_view script) {
    const auto slash = script.rfind('/');
    std::string_view name = slash == script.npos ? script : script.substr(slash + 1);
    if (!name.starts_with("dns_") || !name.ends_with(".sh") || name.size() < 8) {
        return {};
    }
    name.remove_suffix(3);
    const bool good = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    return good ? std::string(name) : std::string();
}

} // namespace evercert::solvers
