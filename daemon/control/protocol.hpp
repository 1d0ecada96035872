#pragma once
// The JSON of the control socket, both directions. Every answer is one object with "schema": 1; a failed one
// has {"error": {"code", "message"}} besides. Times are RFC 3339 in UTC; what there is not is null.
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/notify/view.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "solvers/dns_persist01/standing_report.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon {

inline constexpr int control_schema = 1;

/// What `GET /v1/status` tells of the daemon itself.
struct daemon_status {
    std::string version;
    long pid = 0;
    wall_time started;
    std::vector<std::string> listeners; ///< addresses and socket paths
    confinement confined;
    std::string deploy_socket; ///< of evercert-deploy; empty: deployments are done in the daemon
};

/// Some of all certificates, sorted by name.
struct certificate_page {
    std::vector<lifecycle::certificate_status> certificates;
    bool more = false; ///< there are others after the last of these
};

/// {"schema", "certificates": [...], "more"}, and "daemon" if there is such a JSON text.
std::string page_to_json(const certificate_page& page, std::string_view status = {});
/// {"schema", "certificate": {...}}
std::string certificate_to_json(const lifecycle::certificate_status& one);
/// {"schema", "version", "pid", "started", "uptime_seconds", "listeners", "deploy_socket", "confined":
/// {"runs_as", "capabilities", "no_new_privileges", "layers", "gaps"}, "certificates": {"total", "<state>": n
/// ...}}
std::string status_to_json(const daemon_status& daemon, wall_time now,
                           const std::map<lifecycle::state, std::size_t>& counts);
/// {"schema", "plan": [{"certificate", "when", "state", "cause", "reason", "issuer", "expires"}]}
std::string plan_to_json(const std::vector<lifecycle::planned_step>& plan);
/// {"schema", "explanation": {...}}
std::string explanation_to_json(const explanation& told);
/// {"schema", "history": [{"time", "certificate", "event", "level", "message", "fields"}]}, newest last
std::string history_to_json(const std::vector<lifecycle::history_line>& lines);
/// One line of a stream, without its end: {"schema", "time", "certificate", "event", "level", "message",
/// "fields"}
std::string event_to_json(const lifecycle::history_line& line);
/// {"schema", "dns_records": [{"name", "wildcard", "issuer", "record", "value", "line", "state", "problem",
/// "until"}]}
std::string records_to_json(const std::vector<solvers::standing_report>& all);
/// {"schema", "accounts": [...]}
std::string accounts_to_json(const std::vector<lifecycle::account_status>& all);
/// {"schema", "account": {...}}
std::string account_to_json(const lifecycle::account_status& one);
/// {"schema", "diagnosis": {"certificate", "issuer", "findings": [{"check", "weight", "name", "looked_at",
/// "seen", "change"}]}}
std::string diagnosis_to_json(const lifecycle::diagnosis& made);
/// {"schema", "notifications": [{"name", "type", "target", "on", "troubled", "queued", "delivered",
/// "problem"}]}
std::string notifications_to_json(const std::vector<audience_view>& all);
/// {"schema", "tests": [{"name", "target", "problem"}]}
std::string tests_to_json(const std::vector<test_outcome>& all);
/// {"schema", "message"}
std::string message_to_json(std::string_view message);
/// {"schema", "error": {"code", "message"}}
std::string error_to_json(const error& what);

// Parsing, for the client. Errors: errc::protocol or errc::parse; a newer schema is errc::unsupported.
result<daemon_status> status_from_json(std::string_view text);
result<certificate_page> page_from_json(std::string_view text);
result<lifecycle::certificate_status> certificate_from_json(std::string_view text);
result<std::vector<lifecycle::planned_step>> plan_from_json(std::string_view text);
result<explanation> explanation_from_json(std::string_view text);
result<std::vector<lifecycle::history_line>> history_from_json(std::string_view text);
result<lifecycle::history_line> event_from_json(std::string_view text);
result<std::vector<solvers::standing_report>> records_from_json(std::string_view text);
result<std::vector<lifecycle::account_status>> accounts_from_json(std::string_view text);
result<lifecycle::account_status> account_from_json(std::string_view text);
result<lifecycle::diagnosis> diagnosis_from_json(std::string_view text);
result<std::vector<audience_view>> notifications_from_json(std::string_view text);
result<std::vector<test_outcome>> tests_from_json(std::string_view text);
result<std::string> message_from_json(std::string_view text);
/// The message of an error answer, or nullopt if the text is not one.
std::optional<std::string> error_message_from_json(std::string_view text);

} // namespace evercert::daemon
