#pragma once
// What the status listener answers.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"
#include "core/net/http_server.hpp"
#include "daemon/status/metrics.hpp"
#include "daemon/status/pages.hpp"
#include "daemon/status/tally.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon::status {

/// The references must outlive the handler and every request under way.
struct status_parts {
    asio::any_io_executor executor;
    lifecycle::engine& engine;
    time_source& time;
    const tally& counted;
    std::function<daemon_facts()> daemon;
    std::function<std::vector<listener_traffic>()> traffic;
    std::function<std::size_t()> crl_lists;
    /// The record of one certificate, newest last; empty if there is none.
    std::function<awaitable<result<std::vector<lifecycle::history_line>>>(std::string certificate)> history;
    std::function<std::vector<lifecycle::history_line>()> recent; ///< of all, newest last
};

/// By which names it answers. A page in a browser elsewhere may have a name of its own lead to this machine
/// (DNS rebinding), and would then read what loopback was to keep here: a request names an IP address,
/// "localhost", or a name of `hosts`.
struct host_rule {
    bool any = false; ///< any name will do
    std::vector<std::string> hosts;
};
bool accepts(const host_rule& rule, std::string_view host);

/// GET and HEAD: / (?q=, sort=, show=, page=, refresh=60), /certificate/NAME, /metrics, /healthz (?verbose).
/// All else is refused. /healthz tells that the daemon lives: how its certificates are, it tells only to
/// whoever asks for more, as no load balancer should end a daemon because a CA is down.
class status_routes {
public:
    explicit status_routes(status_parts parts);
    ~status_routes();
    status_routes(const status_routes&) = delete;
    status_routes& operator=(const status_routes&) = delete;

    [[nodiscard]] net::request_handler handler() const;
    void follow(host_rule rule);
    /// Forgets what nobody has asked for lately.
    void tidy();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace evercert::daemon::status
