#include "daemon/status/metrics.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <locale>
#include <map>
#include <optional>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <utility>

namespace evercert::daemon::status {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// Series between two breaths.
constexpr std::size_t stride = 1000;
/// A text that grows by doubling would be copied at once when it is large.
constexpr std::size_t bytes_per_certificate = 800;

double in_seconds(wall_time when) {
    return static_cast<double>(when.time_since_epoch().count()) / 1000;
}

MetricFamily family(MetricType type, std::string name, std::string help) {
    MetricFamily made;
    made.name = "evercert_" + std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
}

void serialize(std::string& to, const MetricFamily& one) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    prometheus::TextSerializer().Serialize(text, {one});
    to += std::move(text).str();
}

ClientMetric gauge(std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric made;
    made.label = std::move(labels);
    made.gauge.value = value;
    return made;
}

ClientMetric counter(std::vector<ClientMetric::Label> labels, std::uint64_t value) {
    ClientMetric made;
    made.label = std::move(labels);
    made.counter.value = static_cast<double>(value);
    return made;
}

void write_value(std::string& to, std::string name, std::string help, double value,
                 MetricType type = MetricType::Gauge) {
    MetricFamily made = family(type, std::move(name), std::move(help));
    ClientMetric one;
    (type == MetricType::Gauge ? one.gauge.value : one.counter.value) = value;
    made.metric.push_back(std::move(one));
    serialize(to, made);
}

void write_counts(std::string& to, std::string name, std::string help, const std::vector<std::string>& labels,
                  const counts& values) {
    MetricFamily made = family(MetricType::Counter, std::move(name), std::move(help));
    for (const auto& [words, value] : values) {
        std::vector<ClientMetric::Label> named;
        for (std::size_t i = 0; i < std::min(labels.size(), words.size()); ++i) {
            named.push_back({labels[i], words[i]});
        }
        made.metric.push_back(counter(std::move(named), value));
    }
    // A counter without labels is there from the start, or the first time would not be an increase.
    if (labels.empty() && made.metric.empty()) {
        made.metric.push_back(counter({}, 0));
    }
    serialize(to, made);
}

void write_durations(std::string& to, const std::map<std::pair<std::string, std::string>, latencies>& all) {
    MetricFamily made = family(MetricType::Histogram, "acme_request_duration_seconds",
                               "How long requests to an issuer took, from looking its name up to the last "
                               "byte of its answer, by what was asked for");
    for (const auto& [what, took] : all) {
        ClientMetric one;
        one.label.push_back({"issuer", what.first});
        one.label.push_back({"step", what.second});
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < took.in.size(); ++i) {
            sum += took.in[i];
            const double bound =
                i < latencies::bounds.size() ? latencies::bounds[i] : std::numeric_limits<double>::infinity();
            one.histogram.bucket.push_back({sum, bound});
        }
        one.histogram.sample_count = sum;
        one.histogram.sample_sum = took.sum;
        made.metric.push_back(std::move(one));
    }
    serialize(to, made);
}

void write_budgets(std::string& to, const std::vector<lifecycle::issuer_budget>& all) {
    MetricFamily left = family(MetricType::Gauge, "limit_remaining",
                               "What is left of an issuer's limit, as far as we have used it; of limits per "
                               "domain or name, the least that is left of any");
    MetricFamily whole =
        family(MetricType::Gauge, "limit_capacity", "How much an issuer's limit allows at most");
    for (const lifecycle::issuer_budget& budget : all) {
        std::map<std::string, std::pair<double, unsigned>> least; // whose subject is nobody's business
        for (const lifecycle::rate_ledger::level& level : budget.limits) {
            const auto [place, fresh] = least.try_emplace(level.limit, level.left, level.capacity);
            place->second.first = std::min(place->second.first, level.left);
        }
        for (const auto& [limit, values] : least) {
            left.metric.push_back(gauge({{"issuer", budget.issuer}, {"limit", limit}}, values.first));
            whole.metric.push_back(gauge({{"issuer", budget.issuer}, {"limit", limit}}, values.second));
        }
    }
    serialize(to, left);
    serialize(to, whole);
}

void write_listeners(std::string& to, const std::vector<listener_traffic>& all) {
    MetricFamily taken =
        family(MetricType::Counter, "listener_connections_total", "Connections that a listener took");
    MetricFamily answered = family(MetricType::Counter, "listener_requests_total",
                                   "Requests, handshakes or questions that a listener answered");
    MetricFamily refused = family(MetricType::Counter, "listener_refused_total",
                                  "What a listener refused: invalid or unwanted requests, connections beyond "
                                  "its limits, connections while there were no descriptors");
    for (const listener_traffic& each : all) {
        const std::vector<ClientMetric::Label> whose{{"listener", each.listener}, {"type", each.type}};
        taken.metric.push_back(counter(whose, each.counters.connections));
        answered.metric.push_back(counter(whose, each.counters.answered));
        const std::pair<const char*, std::uint64_t> reasons[] = {{"unwanted", each.counters.unwanted},
                                                                 {"crowded", each.counters.crowded},
                                                                 {"descriptors", each.counters.starved}};
        for (const auto& [reason, value] : reasons) {
            auto labels = whose;
            labels.push_back({"reason", reason});
            refused.metric.push_back(counter(std::move(labels), value));
        }
    }
    for (const MetricFamily* each : {&taken, &answered, &refused}) {
        serialize(to, *each);
    }
}

void write_daemon(std::string& to, const survey& all, const metric_facts& facts) {
    MetricFamily build = family(MetricType::Gauge, "build_info", "Always 1; the label says what is running");
    build.metric.push_back(gauge({{"version", facts.version}}, 1));
    serialize(to, build);
    MetricFamily began = family(MetricType::Gauge, "", "When the process began, in seconds since 1970");
    began.name = "process_start_time_seconds";
    began.metric.push_back(gauge({}, in_seconds(facts.started)));
    serialize(to, began);
    MetricFamily used = family(MetricType::Counter, "", "Processor time used, user and system");
    used.name = "process_cpu_seconds_total";
    ClientMetric spent;
    spent.counter.value = facts.cpu_seconds;
    used.metric.push_back(std::move(spent));
    serialize(to, used);
    MetricFamily health_of = family(MetricType::Gauge, "certificates",
                                    "Managed certificates by how they are: expired, revoked, failing, "
                                    "expiring (past their latest renewal), not_valid (yet), working, missing "
                                    "or well");
    for (const health each : all_healths) {
        health_of.metric.push_back(
            gauge({{"health", std::string(to_string(each))}}, static_cast<double>(all.count(each))));
    }
    serialize(to, health_of);
    write_value(to, "crl_lists", "Revocation lists that are kept and watched",
                static_cast<double>(facts.crl_lists));
    write_value(to, "config_last_reload_successful",
                "Whether the configuration in force is the one that was last asked for: 1, or 0 when it had "
                "mistakes",
                facts.configuration_refused ? 0 : 1);
}

void write_tally(std::string& to, const tally& counted) {
    write_counts(to, "orders_total", "Orders by what came of them", {"issuer", "result"}, counted.orders);
    write_counts(to, "order_failures_total",
                 "Failed orders by the class of failure, which decides when they are tried again",
                 {"issuer", "class"}, counted.order_failures);
    write_counts(to, "deployments_total", "Certificates that a deployment was to make a server use",
                 {"deployment", "result"}, counted.deployments);
    write_counts(to, "acme_requests_total",
                 "Requests to an issuer by the class of its answer; none: no answer", {"issuer", "code"},
                 counted.requests);
    write_durations(to, counted.durations);
    write_counts(to, "issuer_pauses_total", "Times that nothing was asked of an issuer for a while",
                 {"issuer"}, counted.pauses);
    write_counts(to, "renewal_info_failures_total",
                 "Times that an issuer did not say when certificates are to be renewed (ARI)", {"issuer"},
                 counted.missed_windows);
    write_counts(to, "revocations_total", "Revocations that we asked for (us) or found (ca)", {"by"},
                 counted.revocations);
    write_counts(to, "crl_failures_total", "Revocation lists that became unusable", {}, counted.crl_failures);
    write_counts(to, "config_reloads_total", "Configurations that were applied or refused", {"result"},
                 counted.reloads);
    write_counts(to, "events_total", "Warnings and errors in the log", {"level"}, counted.events);
}

/// One family of which each certificate has at most one series.
struct certificate_family {
    const char* name;
    const char* help;
    std::function<std::optional<double>(const row&)> value;
    bool with_state = false;
};

std::optional<double> moment(wall_time when) {
    return when == wall_time{} ? std::nullopt : std::optional(in_seconds(when));
}

const std::vector<certificate_family>& certificate_families() {
    static const std::vector<certificate_family> all{
        {"certificate_expiry_timestamp_seconds", "When the live certificate expires",
         [](const row& one) { return moment(one.until); }},
        {"certificate_not_before_timestamp_seconds", "When the live certificate began to be valid",
         [](const row& one) { return moment(one.from); }},
        {"certificate_next_action_timestamp_seconds", "When it is renewed or tried again next",
         [](const row& one) { return moment(one.next); }},
        {"certificate_last_success_timestamp_seconds", "When it was last issued",
         [](const row& one) { return moment(one.last_success); }},
        {"certificate_order_failures", "Orders that failed in a row",
         [](const row& one) { return one.failures; }},
        {"certificate_deploy_failures", "Deployments that failed in a row",
         [](const row& one) { return one.deploy_failures; }},
        {"certificate_state", "Always 1; the labels say where it comes from and where it stands",
         [](const row&) { return 1; }, true},
    };
    return all;
}

} // namespace

awaitable<std::string> write_metrics(std::shared_ptr<const survey> all, metric_facts facts,
                                     const tally* counted) {
    const auto executor = co_await asio::this_coro::executor;
    std::string out;
    out.reserve(8192 + all->rows.size() * bytes_per_certificate);
    write_daemon(out, *all, facts);
    write_tally(out, *counted);
    write_budgets(out, facts.budgets);
    write_listeners(out, facts.listeners);
    for (const certificate_family& each : certificate_families()) {
        MetricFamily part = family(MetricType::Gauge, each.name, each.help);
        std::size_t begin = 0;
        do {
            part.metric.clear();
            const std::size_t end = std::min(begin + stride, all->rows.size());
            for (std::size_t i = begin; i < end; ++i) {
                const row& one = all->rows[i];
                const std::optional<double> value = each.value(one);
                if (!value) {
                    continue;
                }
                std::vector<ClientMetric::Label> labels{{"certificate", one.name}};
                if (each.with_state) {
                    const bool named = one.issuer < all->issuers.size();
                    labels.push_back({"health", std::string(to_string(one.how))});
                    labels.push_back({"issuer", named ? all->issuers[one.issuer] : std::string()});
                    labels.push_back({"state", std::string(lifecycle::to_string(one.where))});
                }
                part.metric.push_back(gauge(std::move(labels), *value));
            }
            std::string text;
            serialize(text, part);
            if (begin > 0) { // the family's two lines of introduction stand there once
                text.erase(0, text.find('\n', text.find('\n') + 1) + 1);
            }
            out += text;
            begin = end;
            if (begin < all->rows.size()) {
                co_await asio::post(executor, asio::use_awaitable);
            }
        } while (begin < all->rows.size());
    }
    co_return out;
}

} // namespace evercert::daemon::status
