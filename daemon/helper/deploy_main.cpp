// evercert-deploy: the command line of the part that runs as root.
#include "core/crypto/secret.hpp"
#include "daemon/helper/service.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    evercert::crypto::wipe_what_openssl_frees(); // which works only before anything else
    evercert::daemon::helper_options options;
    long idle = -1;
    CLI::App app(
        "evercert-deploy writes outputs and runs deployments for evercertd, which has no privileges.",
        "evercert-deploy");
    app.set_version_flag("--version", "evercert-deploy " EVERCERT_VERSION);
    app.add_option("--config", options.config, "configuration file; must belong to root")
        ->capture_default_str();
    app.add_option("--client-user", options.client_user, "user (or uid) that may ask, beside root")
        ->capture_default_str();
    app.add_option("--listen", options.listen, "make this socket, instead of taking one that systemd passed");
    app.add_option("--idle", idle,
                   "leave after so many seconds without a connection, 0: stay (default 60; with --listen 0)")
        ->check(CLI::Range(0, 86400));
    app.add_flag(
        "--run-directly", options.run_directly,
        "run programs as children instead of as units of systemd (so it is where systemd does not run)");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    if (idle >= 0) {
        options.idle = evercert::seconds(idle);
    } else if (!options.listen.empty()) {
        options.idle = evercert::seconds(0);
    }
    try {
        return evercert::daemon::run_helper(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evercert-deploy: unexpected: %s\n", e.what());
        return 1;
    }
}
