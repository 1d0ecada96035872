#pragma once
// What the control socket answers.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"
#include "core/net/http_server.hpp"
#include "core/ports/event_sink.hpp"
#include "daemon/control/event_feed.hpp"
#include "daemon/control/protocol.hpp"

#include <functional>
#include <string>
#include <vector>

namespace evercert::daemon {

/// The references must outlive the handler and every request under way.
struct control_parts {
    lifecycle::engine& engine;
    const time_source& time;
    event_sink& events; ///< control.request: who asked for what that changes something
    std::function<result<std::string>()>
        reload; ///< loads the configuration anew: a sentence, or what is wrong
    std::function<daemon_status()> status;
    /// The record of one certificate, newest last; empty if there is none.
    std::function<awaitable<result<std::vector<lifecycle::history_line>>>(std::string certificate)> history;
    std::function<std::vector<lifecycle::history_line>()> recent; ///< of all, newest last
    /// Standing DNS records of a certificate that there is, looked at now; empty if it needs none.
    std::function<awaitable<result<std::vector<solvers::standing_report>>>(std::string certificate)>
        dns_records;
    std::function<std::vector<audience_view>()> notifications;
    /// Sends a test message to each.
    std::function<awaitable<std::vector<test_outcome>>()> test_notifications;
    event_feed& feed; ///< what /v1/events tells
};

/// GET /v1/status, /v1/plan, /v1/certificates (a page, ?after=NAME the next), /v1/certificates/NAME,
/// .../NAME/explain, .../NAME/dns-records, /v1/history, /v1/history/NAME, /v1/accounts, /v1/accounts/ISSUER,
/// /v1/notify, /v1/events (?certificate=NAME), a stream without end: see event_feed;
/// POST /v1/certificates/NAME/{renew,revoke,deploy,diagnose}, /v1/accounts/ISSUER/{rollover,deactivate},
/// /v1/reload, /v1/notify/test. POST bodies are JSON objects, or empty: renew {"now": bool}, revoke
/// {"reason": name or number}. An unknown member is refused. Renew and deploy answer 202 with the certificate
/// at once; revoke, rollover and deactivate answer 200 when the CA has confirmed, diagnose when all was
/// looked at. The mode and group of the socket decide who may ask. A request without peer credentials did not
/// come through it and is refused.
net::request_handler make_control_handler(control_parts parts);

/// For the server that carries the handler: bodies are allowed, and a revocation may wait for its replacement
/// and its CA.
net::server_limits control_limits();

} // namespace evercert::daemon
