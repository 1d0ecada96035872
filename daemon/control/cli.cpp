#include "daemon/control/cli.hpp"

#include "config/load.hpp"
#include "core/base/text.hpp"
#include "core/json/writer.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/control/reasons.hpp"
#include "daemon/control/views.hpp"
#include "daemon/control/waiting.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;

constexpr milliseconds poll_pause(200);
constexpr milliseconds longest_wait = std::chrono::minutes(10);

/// An exit code that is already explained to the operator.
template <class T>
using or_exit = std::expected<T, int>;

bool is_certificate_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return !name.empty() && name.find_first_not_of(allowed) == std::string_view::npos;
}

class cli {
public:
    cli(const cli_options& options, const cli_world& world) : options_(options), world_(world) {}

    int run();

private:
    void say(std::string_view line) const { world_.out(fmt::format("{}\n", line)); }
    int complain(int code, std::string_view what) const {
        world_.err(fmt::format("evercert: {}\n", printable(what)));
        return code;
    }
    or_exit<std::string> ask(const std::string& method, const std::string& target, std::string body = {},
                             milliseconds deadline = seconds(30)) const;
    or_exit<certificate_status> ask_certificate() const;
    [[nodiscard]] std::string path(std::string_view verb = {}) const {
        return fmt::format("/v1/certificates/{}{}{}", options_.name, verb.empty() ? "" : "/", verb);
    }
    template <class T>
    or_exit<T> understood(result<T> parsed) const {
        if (!parsed) {
            return std::unexpected(
                complain(exit_failed,
                         fmt::format("evercertd's answer was not understood: {}", parsed.error().text())));
        }
        return std::move(*parsed);
    }

    int status() const;
    int show() const;
    int revoke() const;
    int reload() const;
    int errand_and_wait(errand what) const;
    int wait(errand what, certificate_status before) const;
    int conclude(errand what, wait_verdict verdict, const certificate_status& now) const;
    int check() const;

    const cli_options& options_;
    const cli_world& world_;
    std::string socket_;
};

or_exit<std::string> cli::ask(const std::string& method, const std::string& target, std::string body,
                              milliseconds deadline) const {
    http_request request(method, target);
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
    }
    request.body = std::move(body);
    request.body_limit = std::size_t{256} * 1024 * 1024;
    request.deadline = deadline;
    const auto response = world_.request(socket_, std::move(request));
    if (!response) {
        const error& e = response.error();
        const bool answered =
            e.code == errc::timed_out || e.code == errc::protocol || e.code == errc::too_large;
        return std::unexpected(complain(answered ? exit_failed : exit_no_daemon, e.text()));
    }
    if (response->status >= 200 && response->status < 300) {
        return response->body;
    }
    if (options_.json) {
        say(response->body);
    }
    const auto message = error_message_from_json(response->body);
    return std::unexpected(complain(
        exit_failed,
        message ? *message : fmt::format("evercertd answered with HTTP status {}", response->status)));
}

or_exit<certificate_status> cli::ask_certificate() const {
    const auto text = ask("GET", path());
    if (!text) {
        return std::unexpected(text.error());
    }
    return understood(certificate_from_json(*text));
}

int cli::status() const {
    const auto text = ask("GET", "/v1/certificates");
    if (!text) {
        return text.error();
    }
    const auto all = understood(list_from_json(*text));
    if (!all) {
        return all.error();
    }
    if (options_.json) {
        say(*text);
    } else {
        world_.out(status_view(*all, world_.time.now(), world_.width));
    }
    return exit_done;
}

int cli::show() const {
    const auto text = ask("GET", path());
    if (!text) {
        return text.error();
    }
    const auto one = understood(certificate_from_json(*text));
    if (!one) {
        return one.error();
    }
    if (options_.json) {
        say(*text);
    } else {
        world_.out(certificate_view(*one, world_.time.now()));
    }
    return exit_done;
}

int cli::revoke() const {
    json::writer body;
    body.begin_object();
    if (!options_.reason.empty()) {
        const auto reason = parse_reason(options_.reason);
        if (!reason) {
            return complain(exit_usage, reason.error().text());
        }
        body.member("reason", std::int64_t{*reason});
    }
    body.end_object();
    // The daemon answers when the CA has.
    const auto text = ask("POST", path("revoke"), body.text(), std::chrono::minutes(3));
    if (!text) {
        return text.error();
    }
    if (options_.json) {
        say(*text);
    } else {
        say(fmt::format("{}: revoked, the CA has confirmed it; a replacement is being ordered",
                        options_.name));
    }
    return exit_done;
}

int cli::reload() const {
    const auto text = ask("POST", "/v1/reload");
    if (!text) {
        return text.error();
    }
    const auto message = understood(message_from_json(*text));
    if (!message) {
        return message.error();
    }
    say(options_.json ? *text : printable(*message));
    return exit_done;
}

int cli::errand_and_wait(errand what) const {
    auto before = ask_certificate();
    if (!before) {
        return before.error();
    }
    const bool renew = what == errand::renew;
    const auto text = ask("POST", path(renew ? "renew" : "deploy"), options_.now ? R"({"now":true})" : "{}");
    if (!text) {
        return text.error();
    }
    if (options_.wait) {
        return wait(what, std::move(*before));
    }
    say(options_.json ? *text
                      : fmt::format("{}: {} asked for", options_.name, renew ? "renewal" : "deployment"));
    return exit_done;
}

int cli::wait(errand what, certificate_status before) const {
    wait_judge judge(what, std::move(before));
    std::optional<lifecycle::state> shown;
    for (milliseconds waited(0);; waited += poll_pause) {
        const auto now = ask_certificate();
        if (!now) {
            return now.error();
        }
        const wait_verdict verdict = judge.look(*now);
        if (verdict != wait_verdict::going_on) {
            return conclude(what, verdict, *now);
        }
        const bool quiet = now->where == lifecycle::state::waiting || now->where == lifecycle::state::failing;
        if (!options_.json && !quiet && shown != now->where) {
            shown = now->where;
            say(fmt::format("{}: {}", options_.name, lifecycle::to_string(now->where)));
        }
        if (waited >= longest_wait) {
            return complain(exit_failed,
                            fmt::format("{}: still {} after {}; it goes on, see `evercert show {}`",
                                        options_.name, lifecycle::to_string(now->where),
                                        format_duration(longest_wait), options_.name));
        }
        world_.pause(poll_pause);
    }
}

int cli::conclude(errand what, wait_verdict verdict, const certificate_status& now) const {
    if (options_.json) {
        say(certificate_to_json(now));
    }
    const wall_time clock = world_.time.now();
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
        return complain(exit_failed, fmt::format("{}: the {} failed: {}{}", options_.name, task,
                                                 deploying ? now.deploy_problem : now.problem, again));
    }
    case wait_verdict::postponed: {
        const bool hint = what == errand::renew && !options_.now;
        return complain(exit_failed,
                        fmt::format("{}: the {} is not tried now: {}{}{}", options_.name, task,
                                    now.next_reason.empty() ? "nothing is due" : now.next_reason, again,
                                    hint ? " (--now does not wait for a pause after failures)" : ""));
    }
    }
    if (options_.json) {
        return exit_done;
    }
    if (what == errand::deploy) {
        say(fmt::format("{}: deployed", options_.name));
    } else if (now.live) {
        say(fmt::format("{}: renewed, serial {}, expires {} ({})", options_.name, printable(now.live->serial),
                        format_time(now.live->not_after), relative(now.live->not_after, clock)));
    }
    return exit_done;
}

int cli::check() const {
    const std::string& file = options_.name.empty() ? world_.default_config : options_.name;
    const auto loaded = config::load_file(file);
    if (options_.json) {
        json::writer out;
        out.begin_object()
            .member("schema", std::int64_t{control_schema})
            .member_bool("ok", loaded.has_value());
        out.key("mistakes").begin_array();
        if (!loaded) {
            for (const config::mistake& m : loaded.error()) {
                out.begin_object().member("file", m.file).member("line", std::int64_t{m.line});
                out.member("column", std::int64_t{m.column})
                    .member("key", m.key)
                    .member("text", m.text)
                    .end_object();
            }
        }
        out.end_array().end_object();
        say(out.text());
        return loaded ? exit_done : exit_usage;
    }
    if (!loaded) {
        for (const config::mistake& m : loaded.error()) {
            world_.err(printable(m.to_string()) + '\n');
        }
        return exit_usage;
    }
    const std::size_t count = loaded->certificates.size();
    say(fmt::format("{}: ok, {} certificate{}", printable(file), count, count == 1 ? "" : "s"));
    return exit_done;
}

int cli::run() {
    if (options_.command == "check") {
        return check();
    }
    const bool about_one = options_.command != "status" && options_.command != "reload";
    if (about_one && !is_certificate_name(options_.name)) {
        return complain(exit_usage,
                        fmt::format("\"{}\" is no name of a certificate (a-z, 0-9, dot, hyphen, underscore; "
                                    "\"*.\" is written \"wildcard.\"); `evercert status` lists them",
                                    escape(options_.name, 100)));
    }
    auto socket = find_socket(options_, world_.default_config);
    if (!socket) {
        return complain(exit_usage, socket.error().text());
    }
    socket_ = std::move(*socket);
    if (options_.command == "status") {
        return status();
    }
    if (options_.command == "show") {
        return show();
    }
    if (options_.command == "renew") {
        return errand_and_wait(errand::renew);
    }
    if (options_.command == "deploy") {
        return errand_and_wait(errand::deploy);
    }
    if (options_.command == "revoke") {
        return revoke();
    }
    if (options_.command == "reload") {
        return reload();
    }
    return complain(exit_usage, fmt::format("there is no command \"{}\"", escape(options_.command, 60)));
}

} // namespace

int run_cli(const cli_options& options, const cli_world& world) {
    cli command(options, world);
    return command.run();
}

result<std::string> find_socket(const cli_options& options, const std::string& default_config) {
    if (!options.socket.empty()) {
        return options.socket;
    }
    const auto loaded = config::load_file(options.config.empty() ? default_config : options.config);
    if (loaded) {
        return loaded->control.socket;
    }
    if (options.config.empty()) {
        return std::string("/run/evercert/control.sock");
    }
    std::vector<std::string> texts;
    for (const config::mistake& m : loaded.error()) {
        texts.push_back(m.to_string());
    }
    return fail(errc::invalid_argument, join(texts, "; "));
}

} // namespace evercert::daemon
