#pragma once
// Internal to the command: asking the daemon, and saying what came of it.
#include "daemon/control/cli.hpp"
#include "daemon/control/protocol.hpp"

#include <fmt/format.h>

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace evercert::daemon {

/// An exit code that is already explained to the operator.
template <class T>
using or_exit = std::expected<T, int>;

class conversation {
public:
    conversation(const cli_options& options, const cli_world& world, std::string socket)
        : options_(options), world_(world), socket_(std::move(socket)) {}

    [[nodiscard]] const cli_options& options() const { return options_; }
    [[nodiscard]] const cli_world& world() const { return world_; }
    [[nodiscard]] const std::string& socket() const { return socket_; }

    /// One line on standard output.
    void say(std::string_view line) const { world_.out(fmt::format("{}\n", line)); }
    /// One line on standard error; returns `code`.
    int complain(int code, std::string_view what) const;

    /// The body of a good answer.
    or_exit<std::string> ask(const std::string& method, const std::string& target, std::string body = {},
                             milliseconds deadline = seconds(30)) const;
    /// As `ask`, for an answer that comes line by line until `take` has enough of it.
    or_exit<std::string> follow(const std::string& target,
                                const std::function<bool(std::string_view line)>& take) const;
    [[nodiscard]] or_exit<lifecycle::certificate_status> ask_certificate() const;
    /// Of the certificate that the command is about, or below it.
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

    /// GET, parse, and show: the daemon's JSON as it is with --json, else what `view` makes of it.
    template <class Parse, class View>
    int look(const std::string& target, Parse parse, View view) const {
        return show_answer(ask("GET", target), parse, view);
    }
    template <class Parse, class View>
    int show_answer(const or_exit<std::string>& text, Parse parse, View view) const {
        if (!text) {
            return text.error();
        }
        const auto parsed = understood(parse(*text));
        if (!parsed) {
            return parsed.error();
        }
        if (options_.json) {
            say(*text);
        } else {
            world_.out(view(*parsed));
        }
        return exit_done;
    }

private:
    [[nodiscard]] or_exit<std::string> body_of(result<http_response> response) const;

    const cli_options& options_;
    const cli_world& world_;
    std::string socket_;
};

// The commands; each returns its exit code.
int run_look(const conversation& with);    ///< status, show, plan, explain, dns-record
int run_history(const conversation& with); ///< history
int run_watch(const conversation& with);   ///< watch
int run_errand(const conversation& with);  ///< renew, deploy, revoke, diagnose, reload
int run_account(const conversation& with); ///< account list, show, rollover, deactivate
int run_notify(const conversation& with);  ///< notify, notify --test
int run_check(const conversation& with);   ///< check, without the daemon
int run_snippet(const conversation& with); ///< snippet, without the daemon
int run_schema(const conversation& with);  ///< schema, without the daemon
int run_import(const conversation& with);  ///< import, without the daemon

} // namespace evercert::daemon
