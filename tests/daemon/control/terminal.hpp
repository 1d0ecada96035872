#pragma once
// A terminal, and a daemon that answers from a list.
#include "daemon/control/cli.hpp"
#include "daemon/control/protocol.hpp"
#include "tests/support/fake_clock.hpp"

#include <deque>
#include <string>
#include <vector>

namespace evercert::testing {

struct terminal {
    int run(const daemon::cli_options& options) {
        auto request = [this](const std::string& socket, http_request r) -> result<http_response> {
            sockets.push_back(socket);
            asked.push_back(r.method + " " + r.url + (r.body.empty() ? "" : " " + r.body));
            if (answers.empty()) {
                return fail(errc::not_found, "cannot reach the daemon at " + socket);
            }
            auto next = answers.front();
            answers.pop_front();
            return next;
        };
        auto follow = [this, request](const std::string& socket, http_request r,
                                      const auto& take) -> result<http_response> {
            const auto end = request(socket, std::move(r)); // is told behind the lines
            for (std::size_t i = 0; i < lines.size() && take(lines[i]); ++i) {
            }
            return end;
        };
        const daemon::cli_world world{request,
                                      time,
                                      [this](milliseconds how_long) { paused += how_long; },
                                      [this](std::string_view text) { out += text; },
                                      [this](std::string_view text) { err += text; },
                                      "/nonexistent/evercert.yaml",
                                      0,
                                      {},
                                      open_screen,
                                      follow};
        return daemon::run_cli(options, world);
    }
    void answer(unsigned status, std::string body) {
        http_response response;
        response.status = status;
        response.body = std::move(body);
        answers.emplace_back(std::move(response));
    }
    void answer(const lifecycle::certificate_status& one) { answer(200, daemon::certificate_to_json(one)); }

    asio::io_context loop;
    fake_time time{loop};
    std::deque<result<http_response>> answers;
    std::vector<std::string> lines; ///< what is to be followed
    std::vector<std::string> sockets;
    std::vector<std::string> asked;
    std::string out;
    std::string err;
    std::function<std::unique_ptr<daemon::screen>()> open_screen;
    milliseconds paused{0};
};

inline daemon::cli_options command(std::string name, std::string certificate = {}) {
    daemon::cli_options options;
    options.command = std::move(name);
    options.name = std::move(certificate);
    return options;
}

} // namespace evercert::testing
