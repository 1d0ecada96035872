#include "daemon/status/routes.hpp"

#include "core/json/writer.hpp"
#include "core/model/endpoint.hpp"
#include "core/model/identifier.hpp"
#include "core/net/turnstile.hpp"
#include "daemon/control/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace evercert::daemon::status {
namespace {

using lifecycle::certificate_status;
using lifecycle::history_line;
using net::server_request;
using net::server_response;

constexpr std::string_view certificate_path = "/certificate/";

void add_common_headers(server_response& to, std::string_view type) {
    to.headers.emplace_back("Content-Type", type);
    to.headers.emplace_back("Cache-Control", "no-store");
    to.headers.emplace_back("X-Content-Type-Options", "nosniff");
    to.headers.emplace_back("Referrer-Policy", "no-referrer");
    to.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

server_response text_answer(unsigned status, std::string text,
                            std::string_view type = "text/plain; charset=utf-8") {
    server_response out(status, std::move(text));
    add_common_headers(out, type);
    return out;
}

server_response page_answer(unsigned status, std::string text) {
    server_response out(status, std::move(text));
    add_common_headers(out, "text/html; charset=utf-8");
    out.headers.emplace_back("Content-Security-Policy", content_policy());
    out.headers.emplace_back("X-Frame-Options", "DENY");
    out.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    return out;
}

std::string health_json(const survey& all, const daemon_facts& daemon) {
    json::writer out;
    out.begin_object();
    out.member("status", "ok");
    out.member("version", daemon.version);
    out.member("uptime_seconds", std::chrono::duration_cast<seconds>(all.made - daemon.started).count());
    out.key("certificates").begin_object();
    out.member("total", static_cast<std::int64_t>(all.all));
    for (const health each : all_healths) {
        out.member(to_string(each), static_cast<std::int64_t>(all.count(each)));
    }
    out.end_object();
    out.end_object();
    return out.text() + "\n";
}

} // namespace

bool accepts(const host_rule& rule, std::string_view host) {
    if (rule.any || host.empty() || host == "localhost" || host.ends_with(".localhost")) {
        return true;
    }
    if (std::ranges::find(rule.hosts, host) != rule.hosts.end()) {
        return true;
    }
    const auto name = parse_identifier(host);
    return name && name->type == identifier::kind::ip;
}

struct status_routes::impl {
    explicit impl(status_parts p)
        : parts(std::move(p)), looks(parts.executor, parts.engine, parts.time), writers(parts.executor, 1) {}

    static awaitable<server_response> respond(std::shared_ptr<impl> self, server_request request);
    static awaitable<server_response> show_overview(std::shared_ptr<impl> self, std::string text);
    static awaitable<server_response> show_certificate(std::shared_ptr<impl> self, std::string name);
    static awaitable<server_response> show_metrics(std::shared_ptr<impl> self);
    static awaitable<server_response> show_health(std::shared_ptr<impl> self, bool verbose);

    /// Of survey rows, as they are now; one that was taken away meanwhile is left out.
    std::vector<certificate_status> look_up(const survey& in, const std::vector<std::uint32_t>& rows) const {
        std::vector<certificate_status> out;
        for (const std::uint32_t at : rows) {
            if (auto one = parts.engine.show(in.rows.at(at).name)) {
                out.push_back(std::move(*one));
            }
        }
        return out;
    }

    status_parts parts;
    surveyor looks;
    host_rule rule;
    net::turnstile writers;              ///< of metrics
    std::weak_ptr<const survey> written; ///< what `metrics` tells of
    std::weak_ptr<const std::string> metrics;
};

awaitable<server_response> status_routes::impl::respond(std::shared_ptr<impl> self, server_request request) {
    if (!accepts(self->rule, request.host)) {
        co_return text_answer(421, "This page answers to IP addresses, to localhost, and to the names under "
                                   "status.hosts in the configuration.\n");
    }
    if (request.method != "GET" && request.method != "HEAD") {
        server_response refused = text_answer(405, "This page only shows: GET and HEAD are answered.\n");
        refused.headers.emplace_back("Allow", "GET, HEAD");
        co_return refused;
    }
    if (request.path == "/") {
        co_return co_await show_overview(self, std::move(request.query));
    }
    if (request.path == "/metrics") {
        co_return co_await show_metrics(self);
    }
    if (request.path == "/healthz") {
        co_return co_await show_health(self, has_parameter(request.query, "verbose"));
    }
    if (request.path.starts_with(certificate_path)) {
        co_return co_await show_certificate(self, request.path.substr(certificate_path.size()));
    }
    co_return page_answer(404, missing_page(self->parts.daemon(), self->parts.time.now()));
}

awaitable<server_response> status_routes::impl::show_overview(std::shared_ptr<impl> self, std::string text) {
    overview what;
    what.asked = parse_query(text);
    what.everything = co_await self->looks.look("");
    std::shared_ptr<const survey> found = what.everything;
    if (!what.asked.search.empty()) {
        found = co_await self->looks.look(what.asked.search);
    }
    what.now = self->parts.time.now();
    what.daemon = self->parts.daemon();
    what.recent = self->parts.recent();
    const std::vector<std::uint32_t> worst = worst_of(*what.everything, most_troubles);
    for (certificate_status& one : self->look_up(*what.everything, worst)) {
        explanation why = explain(one, {}, what.now);
        what.troubles.push_back({std::move(one), std::move(why)});
    }
    what.chosen = choose(*found, what.asked, rows_per_page);
    what.asked.page = what.chosen.page;
    what.shown = self->look_up(*found, what.chosen.rows);
    co_return page_answer(200, overview_page(what));
}

awaitable<server_response> status_routes::impl::show_certificate(std::shared_ptr<impl> self,
                                                                 std::string name) {
    portrait what;
    what.daemon = self->parts.daemon();
    const bool known = is_plain_name(name) && self->parts.engine.show(name).has_value();
    if (!known) {
        co_return page_answer(404, missing_page(what.daemon, self->parts.time.now()));
    }
    auto one = co_await self->parts.engine.examine(name);
    if (!one) {
        co_return page_answer(404, missing_page(what.daemon, self->parts.time.now()));
    }
    auto record = co_await self->parts.history(name);
    what.now = self->parts.time.now();
    what.one = std::move(*one);
    what.history = record ? std::move(*record) : std::vector<history_line>();
    what.why = explain(what.one, what.history, what.now);
    co_return page_answer(200, certificate_page(what));
}

/// Written by one at a time, and held only as long as somebody reads it: of 100,000 certificates it has 65
/// MB.
awaitable<server_response> status_routes::impl::show_metrics(std::shared_ptr<impl> self) {
    const auto all = co_await self->looks.look("");
    const auto turn = co_await self->writers.enter();
    server_response out = text_answer(200, {}, metrics_type);
    out.shared = self->written.lock() == all ? self->metrics.lock() : nullptr;
    if (!out.shared) {
        const daemon_facts daemon = self->parts.daemon();
        metric_facts facts;
        facts.version = daemon.version;
        facts.started = daemon.started;
        facts.cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        facts.crl_lists = self->parts.crl_lists();
        facts.configuration_refused = daemon.configuration_refused;
        facts.listeners = self->parts.traffic();
        facts.budgets = self->parts.engine.budgets();
        auto text = co_await write_metrics(all, std::move(facts), &self->parts.counted);
        out.shared = std::make_shared<const std::string>(std::move(text));
        self->metrics = out.shared;
        self->written = all;
    }
    co_return out;
}

awaitable<server_response> status_routes::impl::show_health(std::shared_ptr<impl> self, bool verbose) {
    if (!verbose) {
        co_return text_answer(200, "ok\n");
    }
    const auto all = co_await self->looks.look("");
    co_return text_answer(200, health_json(*all, self->parts.daemon()), "application/json");
}

status_routes::status_routes(status_parts parts) : impl_(std::make_shared<impl>(std::move(parts))) {}

status_routes::~status_routes() = default;

net::request_handler status_routes::handler() const {
    // Not itself a coroutine: a coroutine that is a capturing lambda would outlive its captures.
    return [self = impl_](server_request request) { return impl::respond(self, std::move(request)); };
}

void status_routes::follow(host_rule rule) {
    impl_->rule = std::move(rule);
}

void status_routes::tidy() {
    impl_->looks.tidy();
}

} // namespace evercert::daemon::status
