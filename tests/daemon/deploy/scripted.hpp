#pragma once
// Doubles of what the deployer works with: programs and TLS servers that do as they are told.
#include "core/base/task_group.hpp"
#include "core/ports/process_runner.hpp"
#include "daemon/deploy/deployer.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/recorded_events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace evercert::testing {

using tls_probe_result = result<net::served_certificate>;

class scripted_runner : public process_runner {
public:
    explicit scripted_runner(time_source& time) : time_(time) {}

    awaitable<result<process_outcome>> run(process_request request) override {
        started.push_back(request);
        ++running;
        most_at_once = std::max(most_at_once, running);
        co_await sleep_for(time_, takes);
        --running;
        const auto script = scripts.find(request.argv.front());
        if (script != scripts.end()) {
            co_return script->second();
        }
        process_outcome fine;
        fine.exit_code = 0;
        co_return fine;
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const process_request& r : started) {
            std::string line;
            for (const std::string& word : r.argv) {
                line += (line.empty() ? "" : " ") + word;
            }
            out.push_back(line);
        }
        return out;
    }

    std::map<std::string, std::function<result<process_outcome>()>> scripts; ///< by argv[0]
    std::vector<process_request> started;
    milliseconds takes{0};
    std::size_t running = 0;
    std::size_t most_at_once = 0;

private:
    time_source& time_;
};

/// A runtime API: takes what it is given, or says why not.
struct scripted_runtime {
    static awaitable<result<std::size_t>> update(scripted_runtime* self, std::string socket,
                                                 std::size_t tasks) {
        self->asked.push_back(std::move(socket));
        if (self->trouble) {
            co_return fail(*self->trouble);
        }
        co_return tasks;
    }
    std::optional<error> trouble;
    std::vector<std::string> asked; ///< sockets
};

/// Serves, for "address name", whatever the function returns at that moment.
class scripted_server {
public:
    explicit scripted_server(time_source& time) : time_(time) {}

    tls_probe_result answer(const std::string& key) const {
        const auto own = by_target.find(key);
        return own != by_target.end() ? own->second() : everywhere();
    }
    static awaitable<tls_probe_result> handshake(scripted_server* self, std::string key) {
        self->asked.push_back(key);
        ++self->open;
        self->most_open = std::max(self->most_open, self->open);
        co_await sleep_for(self->time_, self->takes);
        --self->open;
        co_return self->answer(key);
    }

    std::function<tls_probe_result()> everywhere;
    std::map<std::string, std::function<tls_probe_result()>> by_target;
    std::vector<std::string> asked;
    milliseconds takes{1};
    std::size_t open = 0;
    std::size_t most_open = 0;

private:
    time_source& time_;
};

} // namespace evercert::testing
