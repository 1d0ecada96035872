#pragma once
// The operator's command, without its argument parser and without the world: both are given.
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ports/http_client.hpp"
#include "core/ports/store.hpp"
#include "daemon/control/screen.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

enum exit_code : int { exit_done = 0, exit_failed = 1, exit_usage = 2, exit_no_daemon = 3 };

struct cli_options {
    std::string
        command; ///< status, watch, show, plan, explain, dns-record, history, renew, revoke, deploy,
                 ///< diagnose, reload, notify, account, check, snippet, schema or import; complete for shells
    std::string action; ///< of account: list, show, rollover or deactivate; of import: certbot
    std::string name;   ///< of the certificate; for account the issuer, for check the file, for snippet the
                        ///< server, for import the folder
    std::string config;
    std::string socket;
    std::string reason;
    std::string format = "json";    ///< of schema: json, example or man
    std::vector<std::string> words; ///< of complete: the command line, the last one unfinished
    bool json = false;
    bool now = false;
    bool wait = true;
    bool test = false;   ///< of notify: send a test message
    bool once = false;   ///< watch prints one look and ends
    bool follow = false; ///< history goes on with what happens
    bool yes = false;    ///< what cannot be undone is meant

    // Of import.
    bool apply = false;
    bool keep_paths = false;
    std::string output;
    std::string data_dir;
    std::string trust;
};

struct cli_world {
    /// One exchange with the daemon; `url` is the target ("/v1/status").
    std::function<result<http_response>(const std::string& socket, http_request request)> request;
    const time_source& time;
    std::function<void(milliseconds)> pause;
    std::function<void(std::string_view)> out;
    std::function<void(std::string_view)> err;
    std::string default_config = "/etc/evercert/evercert.yaml";
    std::size_t width = 0; ///< of the terminal; 0: none
    /// The store under a data_dir, locked; only import needs one.
    std::function<result<std::unique_ptr<store>>(const std::string& data_dir)> open_store{};
    std::function<std::unique_ptr<screen>()> open_screen{}; ///< gives none where there is no terminal
    /// As `request`, for an answer of lines that come as things happen; `take` returns false when it has
    /// enough.
    std::function<result<http_response>(const std::string& socket, http_request request,
                                        const std::function<bool(std::string_view line)>& take)>
        follow{};
};

/// Runs one command; returns its exit code.
int run_cli(const cli_options& options, const cli_world& world);

/// --socket; else what the configuration says; else /run/evercert/control.sock. Only a configuration that was
/// named with --config must be without mistakes: a daemon goes on with its old one when the usual file is
/// broken.
result<std::string> find_socket(const cli_options& options, const std::string& default_config);

} // namespace evercert::daemon
