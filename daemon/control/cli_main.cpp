// evercert: the operator's command.
#include "core/net/unix_client.hpp"
#include "daemon/control/cli.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

using namespace evercert;
using namespace evercert::daemon;

void declare(CLI::App& app, cli_options& options) {
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "evercert " EVERCERT_VERSION);
    app.add_option("--config", options.config, "configuration to take the socket from");
    app.add_option("--socket", options.socket, "control socket of the daemon");
    app.add_flag("--json", options.json, "print JSON");

    auto command = [&](const char* name, const char* what, bool about_one) {
        CLI::App* const sub = app.add_subcommand(name, what);
        sub->fallthrough();
        sub->callback([&options, name] { options.command = name; });
        if (about_one) {
            sub->add_option("NAME", options.name, "name of the certificate")->required();
        }
        return sub;
    };
    command("status", "list all certificates", false);
    command("show", "everything about one certificate", true);
    CLI::App* const renew = command("renew", "renew a certificate and wait for it", true);
    renew->add_flag("--now", options.now, "do not wait for the pause after a failure");
    renew->add_flag_callback(
        "--no-wait", [&options] { options.wait = false; }, "return as soon as the daemon has taken it");
    CLI::App* const revoke =
        command("revoke", "revoke a certificate at its CA; a replacement is ordered", true);
    revoke->add_option("--reason", options.reason, "keyCompromise, superseded ... or the number");
    CLI::App* const deploy = command("deploy", "make the servers use a certificate again, and wait", true);
    deploy->add_flag_callback(
        "--no-wait", [&options] { options.wait = false; }, "return as soon as the daemon has taken it");
    command("reload", "load the configuration anew", false);
    CLI::App* const check = command("check", "check a configuration file, without the daemon", false);
    check->add_option("FILE", options.name, "default: /etc/evercert/evercert.yaml");
}

std::size_t terminal_width() {
    winsize size{};
    return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int run(const cli_options& options) {
    asio::io_context loop;
    const auto time = make_system_time(loop.get_executor());
    auto print = [](std::FILE* where) {
        return [where](std::string_view text) { std::fwrite(text.data(), 1, text.size(), where); };
    };
    auto show = [print](std::string_view text) {
        print(stdout)(text);
        std::fflush(stdout); // progress is for somebody who watches
    };
    auto pause = [&](milliseconds how_long) {
        loop.restart();
        asio::co_spawn(loop, sleep_for(*time, how_long), asio::detached);
        loop.run();
    };
    const cli_world world{net::unix_request, *time, pause, show, print(stderr), "/etc/evercert/evercert.yaml",
                          terminal_width()};
    const int code = run_cli(options, world);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::fputs("evercert: the output could not be written\n", stderr);
        return code == exit_done ? exit_failed : code;
    }
    return code;
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("evercert: asks and steers a running evercertd");
    cli_options options;
    declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_done : exit_usage;
    }
    try {
        return run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evercert: unexpected: %s\n", e.what());
        return exit_failed;
    }
}
