// Commands that make the daemon do something for one certificate, or with its configuration.
#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/control/reasons.hpp"
#include "daemon/control/views.hpp"
#include "daemon/control/waiting.hpp"
#include "daemon/log/printable.hpp"

#include <algorithm>
#include <optional>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;

constexpr milliseconds poll_pause(200);
constexpr milliseconds longest_wait = std::chrono::minutes(10);
/// A revocation waits a few minutes for its replacement, and then for the CA.
constexpr milliseconds longest_revocation = std::chrono::minutes(11);
/// The issuer may have to be asked first, and to open an account.
constexpr milliseconds longest_diagnosis = std::chrono::minutes(2);

int conclude(const conversation& with, errand what, wait_verdict verdict, const certificate_status& now) {
    if (with.options().json) {
        with.say(certificate_to_json(now));
    }
    const wall_time clock = with.world().time.now();
    const std::string again =
        now.next_run ? fmt::format("; the next try is {}", relative(*now.next_run, clock)) : "";
    const std::string_view task = what == errand::renew ? "renewal" : "deployment";
    switch (verdict) {
    case wait_verdict::going_on:
    case wait_verdict::succeeded:
        break;
    case wait_verdict::failed: {
        // A renewal may have failed only in its last step; that problem is then the one to tell.
        const bool deploying = what == errand::deploy || now.problem.empty();
        return with.complain(exit_failed, fmt::format("{}: the {} failed: {}{}", with.options().name, task,
                                                      deploying ? now.deploy_problem : now.problem, again));
    }
    case wait_verdict::postponed: {
        const bool hint = what == errand::renew && !with.options().now;
        return with.complain(exit_failed,
                             fmt::format("{}: the {} is not tried now: {}{}{}", with.options().name, task,
                                         now.next_reason.empty() ? "nothing is due" : now.next_reason, again,
                                         hint ? " (--now does not wait for a pause after failures)" : ""));
    }
    }
    if (with.options().json) {
        return exit_done;
    }
    if (what == errand::deploy) {
        with.say(fmt::format("{}: deployed", with.options().name));
    } else if (now.live) {
        with.say(fmt::format("{}: renewed, serial {}, expires {} ({})", with.options().name,
                             printable(now.live->serial), format_time(now.live->not_after),
                             relative(now.live->not_after, clock)));
    }
    return exit_done;
}

int wait(const conversation& with, errand what, certificate_status before) {
    wait_judge judge(what, std::move(before));
    std::optional<lifecycle::state> shown;
    for (milliseconds waited(0);; waited += poll_pause) {
        const auto now = with.ask_certificate();
        if (!now) {
            return now.error();
        }
        const wait_verdict verdict = judge.look(*now);
        if (verdict != wait_verdict::going_on) {
            return conclude(with, what, verdict, *now);
        }
        const bool quiet = now->where == lifecycle::state::waiting || now->where == lifecycle::state::failing;
        if (!with.options().json && !quiet && shown != now->where) {
            shown = now->where;
            with.say(fmt::format("{}: {}", with.options().name, lifecycle::to_string(now->where)));
        }
        if (waited >= longest_wait) {
            return with.complain(exit_failed,
                                 fmt::format("{}: still {} after {}; it goes on, see `evercert show {}`",
                                             with.options().name, lifecycle::to_string(now->where),
                                             format_duration(longest_wait), with.options().name));
        }
        with.world().pause(poll_pause);
    }
}

int errand_and_wait(const conversation& with, errand what) {
    auto before = with.ask_certificate();
    if (!before) {
        return before.error();
    }
    const bool renew = what == errand::renew;
    const auto text = with.ask("POST", with.path(renew ? "renew" : "deploy"),
                               with.options().now ? R"({"now":true})" : "{}");
    if (!text) {
        return text.error();
    }
    if (with.options().wait) {
        return wait(with, what, std::move(*before));
    }
    with.say(with.options().json
                 ? *text
                 : fmt::format("{}: {} asked for", with.options().name, renew ? "renewal" : "deployment"));
    return exit_done;
}

/// The daemon answers when the CA has.
int revoke(const conversation& with) {
    const cli_options& options = with.options();
    json::writer body;
    body.begin_object();
    if (!options.reason.empty()) {
        const auto reason = parse_reason(options.reason);
        if (!reason) {
            return with.complain(exit_usage, reason.error().text());
        }
        body.member("reason", std::int64_t{*reason});
    }
    body.end_object();
    const auto text = with.ask("POST", with.path("revoke"), body.text(), longest_revocation);
    return with.show_answer(text, certificate_from_json, [&](const certificate_status& now) {
        const bool replaced = now.live && !now.live->revoked;
        return fmt::format("{}: revoked, the CA has confirmed it; {}\n", options.name,
                           replaced
                               ? fmt::format("serial {} is in use in its place", printable(now.live->serial))
                               : "a replacement is being ordered");
    });
}

/// Exit code 1 says that a CA would refuse.
int diagnose(const conversation& with) {
    const auto text = with.ask("POST", with.path("diagnose"), "{}", longest_diagnosis);
    if (!text) {
        return text.error();
    }
    const auto made = with.understood(diagnosis_from_json(*text));
    if (!made) {
        return made.error();
    }
    if (with.options().json) {
        with.say(*text);
    } else {
        with.world().out(diagnosis_view(*made, with.world().width));
    }
    const bool hindered = std::ranges::count(made->findings, finding_weight::trouble, &finding::weight) > 0;
    return hindered ? exit_failed : exit_done;
}

int reload(const conversation& with) {
    return with.show_answer(with.ask("POST", "/v1/reload"), message_from_json,
                            [](const std::string& message) { return printable(message) + '\n'; });
}

} // namespace

int run_errand(const conversation& with) {
    const std::string& command = with.options().command;
    if (command == "revoke") {
        return revoke(with);
    }
    if (command == "diagnose") {
        return diagnose(with);
    }
    if (command == "reload") {
        return reload(with);
    }
    return errand_and_wait(with, command == "renew" ? errand::renew : errand::deploy);
}

} // namespace evercert::daemon
