#pragma once
// What the command shows to people. All text of others is made safe here.
#include "core/base/time.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/lifecycle/history.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/notify/view.hpp"
#include "solvers/dns_persist01/standing_report.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace evercert::daemon {

/// "in 59d", "3h ago", "now".
std::string relative(wall_time when, wall_time now);

/// NAME, STATE, ISSUER, EXPIRES, NEXT, PROBLEM; "no certificates" if there are none.
std::string status_view(const std::vector<lifecycle::certificate_status>& all, wall_time now,
                        std::size_t width);
/// What runs and what confines it.
std::string daemon_view(const daemon_status& told, wall_time now, std::size_t width);
/// Everything about one.
std::string certificate_view(const lifecycle::certificate_status& one, wall_time now);
/// The problem an operator has to know of: of ordering, else of deploying, else empty.
std::string problem_of(const lifecycle::certificate_status& one);
/// WHEN, CERTIFICATE, WHAT, ISSUER, EXPIRES, WHY, and how many orders the next day brings.
std::string plan_view(const std::vector<lifecycle::planned_step>& plan, wall_time now, std::size_t width);
/// Time, event, (certificate) and message, newest last.
std::string history_view(const std::vector<lifecycle::history_line>& lines, bool of_all);
/// One line of that, for those that come one after another.
std::string event_view(const lifecycle::history_line& line, bool of_all);
/// Lines for a zone file; what is said of them are comments there.
std::string records_view(const std::string& certificate, const std::vector<solvers::standing_report>& all,
                         wall_time now);
/// NAME, TO, ON, TROUBLED, QUEUED, STATE.
std::string notifications_view(const std::vector<audience_view>& all, wall_time now, std::size_t width);
/// A line each: delivered, or why not.
std::string tests_view(const std::vector<test_outcome>& all);
/// ISSUER, STATE, KEY, CONTACTS, ACCOUNT.
std::string accounts_view(const std::vector<lifecycle::account_status>& all, std::size_t width);
/// What hinders first.
std::string diagnosis_view(const lifecycle::diagnosis& made, std::size_t width);
std::string account_view(const lifecycle::account_status& one, wall_time now);

} // namespace evercert::daemon
