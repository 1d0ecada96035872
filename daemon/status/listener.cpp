#include "daemon/status/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::daemon::status {
namespace {

constexpr milliseconds tidy_pause = std::chrono::minutes(1);

bool only_on_loopback(const config::status_settings& wanted) {
    return std::ranges::all_of(wanted.listen, is_loopback);
}

net::server_limits page_limits(const config::status_settings& wanted) {
    net::server_limits limits;
    // Browsers keep a connection for the next look, and scrapers for the next scrape.
    limits.lifetime = std::chrono::minutes(2);
    limits.connections = 64;
    // On loopback all come from one source, and the longest-silent one makes room. Elsewhere one that takes
    // its answers slowly must not hold all connections.
    limits.per_source = only_on_loopback(wanted) ? SIZE_MAX : limits.connections / 2;
    limits.header_bytes = 16 * 1024; // cookies of other services on the same host come along
    return limits;
}

host_rule rule_for(const config::status_settings& wanted) {
    host_rule rule;
    rule.hosts = wanted.hosts;
    rule.any = wanted.hosts.empty() && !only_on_loopback(wanted);
    return rule;
}

} // namespace

status_listener::status_listener(status_parts parts, event_sink& events)
    : executor_(parts.executor), time_(parts.time), events_(events), routes_(std::move(parts)) {}

void status_listener::configure(config::status_settings wanted) {
    routes_.follow(rule_for(wanted));
    const bool same = wanted.listen == wanted_.listen;
    wanted_ = std::move(wanted);
    if (same) {
        return;
    }
    server_.reset(); // frees its addresses for the next
    missing_ = wanted_.listen;
    trouble_.clear();
    if (!missing_.empty()) {
        server_ = net::make_http_server(executor_, events_, page_limits(wanted_), routes_.handler());
        open();
    }
}

void status_listener::open() {
    std::string trouble;
    std::erase_if(missing_, [&](const endpoint& where) {
        const auto opened = server_->listen(where);
        if (!opened) {
            trouble += (trouble.empty() ? "" : "; ") + opened.error().text();
        }
        return opened.has_value();
    });
    if (trouble != trouble_) {
        tell(trouble.empty(), trouble);
        trouble_ = trouble;
    }
}

void status_listener::retry() {
    if (server_ && !missing_.empty()) {
        open();
    }
}

void status_listener::tell(bool opened, const std::string& why) {
    event what;
    what.id = opened ? "listener.open" : "listener.failed";
    what.level = opened ? severity::info : severity::error;
    what.message = opened ? std::string("the status page can be reached now")
                          : fmt::format("the status page cannot be reached: {}", why);
    events_.emit(what);
}

awaitable<void> status_listener::stop() {
    if (server_) {
        co_await server_->stop();
    }
}

awaitable<void> status_listener::tidy() {
    for (;;) {
        co_await sleep_for(time_, tidy_pause);
        routes_.tidy();
    }
}

std::vector<std::string> status_listener::addresses() const {
    return server_ ? server_->addresses() : std::vector<std::string>();
}

net::server_counters status_listener::counters() const {
    return server_ ? server_->counters() : net::server_counters();
}

} // namespace evercert::daemon::status
