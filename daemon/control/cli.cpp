#include "daemon/control/cli.hpp"

#include "config/load.hpp"
#include "core/base/text.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/control/names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace evercert::daemon {
namespace {

/// What a command's NAME is.
enum class about { nothing, certificate, perhaps_certificate };

struct known_command {
    std::string_view name;
    about what;
    int (*run)(const conversation&);
};

constexpr std::array commands{known_command{"status", about::nothing, run_look},
                              known_command{"watch", about::nothing, run_watch},
                              known_command{"plan", about::nothing, run_look},
                              known_command{"show", about::certificate, run_look},
                              known_command{"explain", about::certificate, run_look},
                              known_command{"dns-record", about::certificate, run_look},
                              known_command{"history", about::perhaps_certificate, run_history},
                              known_command{"renew", about::certificate, run_errand},
                              known_command{"deploy", about::certificate, run_errand},
                              known_command{"revoke", about::certificate, run_errand},
                              known_command{"diagnose", about::certificate, run_errand},
                              known_command{"reload", about::nothing, run_errand},
                              known_command{"notify", about::nothing, run_notify}};
constexpr std::array<std::string_view, 4> account_actions{"list", "show", "rollover", "deactivate"};

/// Says what is wrong with the command line; empty if nothing is.
std::string mistake_in(const cli_options& options, const known_command& command) {
    const bool named = command.what == about::certificate ||
                       (command.what == about::perhaps_certificate && !options.name.empty());
    if (named && !is_plain_name(options.name)) {
        return fmt::format("\"{}\" is no name of a certificate (a-z, 0-9, dot, hyphen, underscore; "
                           "\"*.\" is written \"wildcard.\"); `evercert status` lists them",
                           escape(options.name, 100));
    }
    return {};
}

std::string mistake_in_account(const cli_options& options) {
    if (std::ranges::find(account_actions, options.action) == account_actions.end()) {
        return fmt::format("there is no command \"account {}\"", escape(options.action, 60));
    }
    if (options.action != "list" && !is_plain_name(options.name)) {
        return fmt::format("\"{}\" is no name of an issuer; `evercert account list` shows them",
                           escape(options.name, 100));
    }
    return {};
}

} // namespace

int run_cli(const cli_options& options, const cli_world& world) {
    const conversation alone(options, world, {});
    if (options.command == "check") {
        return run_check(alone);
    }
    if (options.command == "snippet") {
        return run_snippet(alone);
    }
    if (options.command == "schema") {
        return run_schema(alone);
    }
    if (options.command == "import") {
        return run_import(alone);
    }
    constexpr known_command account{"account", about::nothing, run_account};
    const auto* command = std::ranges::find(commands, options.command, &known_command::name);
    if (options.command == account.name) {
        command = &account;
    } else if (command == commands.end()) {
        return alone.complain(exit_usage,
                              fmt::format("there is no command \"{}\"", escape(options.command, 60)));
    }
    const std::string mistake =
        command == &account ? mistake_in_account(options) : mistake_in(options, *command);
    if (!mistake.empty()) {
        return alone.complain(exit_usage, mistake);
    }
    auto socket = find_socket(options, world.default_config);
    if (!socket) {
        return alone.complain(exit_usage, socket.error().text());
    }
    return command->run(conversation(options, world, std::move(*socket)));
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
