// evercertd: the daemon's command line.
#include "core/crypto/secret.hpp"
#include "daemon/runtime.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    evercert::crypto::wipe_what_openssl_frees(); // which works only before anything else
    evercert::daemon::run_options options;
    CLI::App app("evercertd obtains, renews and deploys TLS certificates from ACME CAs.", "evercertd");
    app.set_version_flag("--version", "evercertd " EVERCERT_VERSION);
    app.add_option("--config", options.config, "configuration file")->capture_default_str();
    app.add_flag("--check", options.check, "check the configuration and end (exit 2 if it has mistakes)");
    app.add_flag("--once", options.once, "do all that is due, then end (exit 1 if something failed)");
    app.add_option(
        "--deploy-socket", options.deploy_socket,
        "let evercert-deploy, which listens there, run deployments and write outputs (default: do it here)");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        return evercert::daemon::run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evercertd: unexpected: %s\n", e.what());
        return 1;
    }
}
