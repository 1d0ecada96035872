#pragma once
// What Prometheus is told (its text format 0.0.4). The only door to prometheus-cpp, whose serializer writes
// it.
#include "core/base/async.hpp"
#include "core/lifecycle/engine.hpp"
#include "core/net/server_counters.hpp"
#include "daemon/status/survey.hpp"
#include "daemon/status/tally.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::daemon::status {

/// Traffic of one listener.
struct listener_traffic {
    std::string listener; ///< name of its challenge, or "status"
    std::string type;     ///< "http-01" ..., or "http"
    net::server_counters counters;
};

/// Values of one moment. What is pointed to must outlive the call.
struct metric_facts {
    std::string version;
    wall_time started{};
    double cpu_seconds = 0; ///< of the process
    std::size_t crl_lists = 0;
    bool configuration_refused = false; ///< at the last reload
    std::vector<listener_traffic> listeners;
    std::vector<lifecycle::issuer_budget> budgets;
};

inline constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

/// All families, also those that have no values yet, so that dashboards and rules can name them. Per
/// certificate there are seven series at most. Written in steps, between which the loop does other things.
/// The tally is read before the first of these.
awaitable<std::string> write_metrics(std::shared_ptr<const survey> all, metric_facts facts,
                                     const tally* counted);

} // namespace evercert::daemon::status
