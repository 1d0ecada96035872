// evercert: the operator's command.
#include "core/net/unix_client.hpp"
#include "daemon/control/cli.hpp"
#include "daemon/control/completion.hpp"
#include "daemon/wiring.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

using namespace evercert;
using namespace evercert::daemon;

/// What is given to all commands, also behind their names.
void declare_general(CLI::App& app, cli_options& options) {
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "evercert " EVERCERT_VERSION);
    app.add_option("--config", options.config, "configuration to take the socket from");
    app.add_option("--socket", options.socket, "control socket of the daemon");
    app.add_flag("--json", options.json, "print JSON");
}

CLI::App* add_command(CLI::App& app, cli_options& options, const char* name, const char* what) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->fallthrough();
    sub->callback([&options, name] { options.command = name; });
    return sub;
}

CLI::App* add_certificate_command(CLI::App& app, cli_options& options, const char* name, const char* what) {
    CLI::App* const sub = add_command(app, options, name, what);
    sub->add_option("NAME", options.name, "name of the certificate")->required();
    return sub;
}

void add_no_wait(CLI::App* sub, cli_options& options) {
    sub->add_flag_callback(
        "--no-wait", [&options] { options.wait = false; }, "return as soon as the daemon has taken it");
}

void declare_looks(CLI::App& app, cli_options& options) {
    add_command(app, options, "status", "list all certificates");
    CLI::App* const watch = add_command(app, options, "watch", "a live table: what matters first, q ends it");
    watch->add_flag("--once", options.once, "print it once, as without a terminal");
    add_certificate_command(app, options, "show", "everything about one certificate");
    add_command(app, options, "plan", "what will happen when, and why");
    add_certificate_command(app, options, "explain",
                            "why a certificate is where it is, and what to do about it");
    add_certificate_command(
        app, options, "dns-record",
        "which standing TXT records prove its names (dns-persist-01), and whether they are there");
    CLI::App* const history =
        add_command(app, options, "history", "what happened to a certificate, or lately to all");
    history->add_option("NAME", options.name, "name of the certificate");
    history->add_flag("--follow", options.follow, "go on with what happens, until it is interrupted");
}

void declare_errands(CLI::App& app, cli_options& options) {
    CLI::App* const renew =
        add_certificate_command(app, options, "renew", "renew a certificate and wait for it");
    renew->add_flag("--now", options.now, "do not wait for the pause after a failure");
    add_no_wait(renew, options);
    CLI::App* const revoke =
        add_certificate_command(app, options, "revoke", "replace a certificate and revoke it at its CA");
    revoke->add_option("--reason", options.reason, "keyCompromise, superseded ... or the number");
    CLI::App* const deploy =
        add_certificate_command(app, options, "deploy", "make the servers use a certificate again, and wait");
    add_no_wait(deploy, options);
    add_certificate_command(app, options, "diagnose",
                            "look at what a CA would look at, and say what stands in the way");
    add_command(app, options, "reload", "load the configuration anew");
    CLI::App* const notify = add_command(app, options, "notify", "who is told of what, and how that goes");
    notify->add_flag("--test", options.test, "send a test message to each, and say how it went");
    CLI::App* const check =
        add_command(app, options, "check", "check a configuration file, without the daemon");
    check->add_option("FILE", options.name, "default: /etc/evercert/evercert.yaml");
    CLI::App* const snippet = add_command(
        app, options, "snippet",
        "the lines by which a server lets the daemon answer challenges, or finds its certificate");
    snippet->add_option("SERVER", options.name, "nginx, apache, haproxy, postfix or dovecot")->required();
    CLI::App* const schema =
        add_command(app, options, "schema",
                    "what a configuration file may say: as JSON Schema, an example or a manual page");
    schema->add_option("--format", options.format, "json, example or man")->capture_default_str();
}

void declare_account(CLI::App& app, cli_options& options) {
    CLI::App* const account = add_command(app, options, "account", "our accounts at the issuers");
    account->require_subcommand(1);
    auto action = [&](const char* name, const char* what) {
        CLI::App* const sub = account->add_subcommand(name, what);
        sub->fallthrough();
        sub->callback([&options, name] { options.action = name; });
        return sub;
    };
    auto issuer = [&](CLI::App* sub) {
        sub->add_option("ISSUER", options.name, "name of the issuer")->required();
    };
    action("list", "list them");
    issuer(action("show", "one of them, as the CA sees it, and what is left of the CA's limits"));
    issuer(action("rollover", "give the account a new key"));
    CLI::App* const deactivate = action("deactivate", "close the account at the CA, for good");
    issuer(deactivate);
    deactivate->add_flag("--yes", options.yes, "it is meant");
}

void declare_import(CLI::App& app, cli_options& options) {
    CLI::App* const import =
        add_command(app, options, "import", "take over from another tool, without the daemon");
    import->require_subcommand(1);
    CLI::App* const certbot =
        import->add_subcommand("certbot", "certificates, accounts and settings of certbot; only says what it "
                                          "would do, unless --apply is given");
    certbot->fallthrough();
    certbot->callback([&options] { options.action = "certbot"; });
    certbot->add_option("DIR", options.name, "certbot's folder; default: /etc/letsencrypt");
    certbot->add_flag("--apply", options.apply, "do it");
    certbot->add_flag("--keep-paths", options.keep_paths,
                      "make the files in DIR/live lead to evercert's, so that servers need not be changed");
    certbot->add_option("--output", options.output, "file for the YAML, in place of --config");
    certbot->add_option("--data-dir", options.data_dir, "data_dir of evercertd; default: what --config says");
    certbot->add_option("--trust", options.trust, "PEM file of roots for CAs that are not built in");
}

std::size_t terminal_width() {
    winsize size{};
    return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// What the shells' completion is told of a command, and of those below it.
command_shape shape_of(CLI::App& app) {
    command_shape shape{app.get_name(), app.get_description(), {}, {}, {}};
    for (const CLI::Option* const option : app.get_options()) {
        if (option->get_positional()) {
            shape.arguments.push_back(option->get_name(true));
            continue;
        }
        for (const std::string& name : option->get_lnames()) {
            shape.options.emplace_back("--" + name, option->get_description(),
                                       option->get_items_expected_max() > 0);
        }
    }
    for (CLI::App* const sub : app.get_subcommands(std::function<bool(CLI::App*)>())) {
        shape.commands.push_back(shape_of(*sub));
    }
    return shape;
}

int run(const cli_options& options, const command_shape& shape) {
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
    const cli_world world{net::unix_request,
                          *time,
                          pause,
                          show,
                          print(stderr),
                          "/etc/evercert/evercert.yaml",
                          terminal_width(),
                          open_store,
                          open_terminal,
                          net::unix_follow};
    const int code =
        options.command == "complete" ? run_complete(options, world, shape) : run_cli(options, world);
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
    declare_general(app, options);
    declare_looks(app, options);
    declare_errands(app, options);
    declare_account(app, options);
    declare_import(app, options);
    try {
        // For the shells, in front of the parser: what is to be completed does not parse yet.
        if (argc > 1 && std::string_view(argv[1]) == "complete") {
            options.command = argv[1];
            options.words.assign(argv + 2, argv + argc);
            return run(options, shape_of(app));
        }
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_done : exit_usage;
    }
    try {
        return run(options, {});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evercert: unexpected: %s\n", e.what());
        return exit_failed;
    }
}
