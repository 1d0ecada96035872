#include "daemon/control/routes.hpp"

#include "daemon/control/exchange.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/control/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace evercert::daemon {
namespace {

using lifecycle::history_line;
using net::server_request;
using net::server_response;

bool reads(const server_request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// "/v1/a/b" as "a", "b"; empty if it does not begin so.
std::vector<std::string> steps_of(std::string_view path) {
    constexpr std::string_view root = "/v1/";
    std::vector<std::string> steps;
    if (!path.starts_with(root)) {
        return steps;
    }
    path.remove_prefix(root.size());
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
        steps.emplace_back(path.substr(0, slash));
        path.remove_prefix(slash + 1);
    }
    steps.emplace_back(path);
    return steps;
}

class routes {
public:
    explicit routes(control_parts parts) : parts_(std::move(parts)) {}

    static awaitable<server_response> respond(std::shared_ptr<routes> self, server_request request) {
        if (!request.peer_uid) {
            co_return refuse(403,
                             error(errc::refused, "control requests are taken from the Unix socket only"));
        }
        const std::vector<std::string> steps = steps_of(request.path);
        const std::string_view room = steps.empty() ? std::string_view() : std::string_view(steps.front());
        if (room == "certificates") {
            co_return co_await self->certificates(request, steps);
        }
        if (room == "accounts") {
            co_return co_await self->accounts(request, steps);
        }
        if (room == "history" && steps.size() <= 2) {
            co_return co_await self->history(request, steps);
        }
        if (room == "notify" && steps.size() <= 2) {
            co_return co_await self->notify(request, steps);
        }
        if (steps.size() == 1 && room == "status") {
            co_return reads(request) ? self->status() : wrong_method("GET");
        }
        if (steps.size() == 1 && room == "events") {
            co_return reads(request) ? self->events(request) : wrong_method("GET");
        }
        if (steps.size() == 1 && room == "plan") {
            co_return reads(request) ? answer(200, plan_to_json(self->parts_.engine.plan()))
                                     : wrong_method("GET");
        }
        if (steps.size() == 1 && room == "reload") {
            co_return request.method == "POST" ? self->reload(request) : wrong_method("POST");
        }
        co_return no_such_path();
    }

private:
    // ---- certificates

    awaitable<server_response> certificates(const server_request& request,
                                            const std::vector<std::string>& steps) {
        if (steps.size() > 3) {
            co_return no_such_path();
        }
        const std::string verb = steps.size() == 3 ? steps[2] : std::string();
        // A diagnosis presents tokens and records of its own, so that it is no mere look.
        const bool changes = verb == "renew" || verb == "deploy" || verb == "revoke" || verb == "diagnose";
        if (!changes && !verb.empty() && verb != "explain" && verb != "dns-records") {
            co_return no_such_path();
        }
        if (changes ? request.method != "POST" : !reads(request)) {
            co_return wrong_method(changes ? "POST" : "GET");
        }
        if (steps.size() == 1) {
            co_return list(request);
        }
        const std::string& name = steps[1];
        if (!parts_.engine.show(name)) {
            co_return unknown_certificate(name);
        }
        if (verb == "renew") {
            co_return renew(request, name);
        }
        if (verb == "deploy") {
            co_return deploy(request, name);
        }
        if (verb == "revoke") {
            co_return co_await revoke(request, name);
        }
        if (verb == "diagnose") {
            co_return co_await diagnose(request, name);
        }
        if (verb == "explain") {
            co_return co_await explain_one(name);
        }
        if (verb == "dns-records") {
            co_return co_await dns_records(name);
        }
        co_return co_await examine(name);
    }

    awaitable<server_response> dns_records(std::string name) {
        const auto all = co_await parts_.dns_records(std::move(name));
        co_return all ? answer(200, records_to_json(*all)) : refuse(all.error());
    }

    /// In pages: the daemon's memory must not grow with what it is asked.
    server_response list(const server_request& request) {
        constexpr std::string_view after = "after=";
        constexpr std::size_t most = 1000;
        std::string_view from = request.query;
        const bool says_after = from.starts_with(after);
        from.remove_prefix(says_after ? after.size() : 0);
        if (!request.query.empty() && !(says_after && is_plain_name(from))) {
            return refuse(400, error(errc::invalid_argument,
                                     "the only thing that can be said here is after=NAME: which of the "
                                     "certificates, sorted by name, the answer begins behind"));
        }
        certificate_page page;
        page.certificates = parts_.engine.list(from, most + 1);
        page.more = page.certificates.size() > most;
        page.certificates.resize(std::min(page.certificates.size(), most));
        return answer(200, page_to_json(page));
    }

    awaitable<server_response> examine(std::string name) {
        const auto one = co_await parts_.engine.examine(name);
        co_return one ? answer(200, certificate_to_json(*one)) : refuse(one.error());
    }

    awaitable<server_response> explain_one(std::string name) {
        const auto one = co_await parts_.engine.examine(name);
        if (!one) {
            co_return refuse(one.error());
        }
        // Without its record the present state can still be explained.
        const auto record = co_await parts_.history(name);
        const explanation told =
            explain(*one, record.value_or(std::vector<history_line>()), parts_.time.now());
        co_return answer(200, explanation_to_json(told));
    }

    server_response renew(const server_request& request, const std::string& name) {
        const auto now = read_now(request.body);
        if (!now) {
            return refuse(400, now.error());
        }
        record(request, *now ? "renew --now" : "renew", name);
        return accepted(parts_.engine.renew(name, *now), name);
    }

    server_response deploy(const server_request& request, const std::string& name) {
        if (const auto body = read_body(request.body, {}); !body) {
            return refuse(400, body.error());
        }
        record(request, "deploy", name);
        return accepted(parts_.engine.deploy(name), name);
    }

    awaitable<server_response> revoke(const server_request& request, std::string name) {
        const auto reason = read_reason(request.body);
        if (!reason) {
            co_return refuse(400, reason.error());
        }
        record(request, "revoke", name);
        const auto outcome = co_await parts_.engine.revoke(name, *reason);
        if (!outcome) {
            co_return refuse(outcome.error());
        }
        co_return co_await examine(std::move(name));
    }

    awaitable<server_response> diagnose(const server_request& request, std::string name) {
        if (const auto body = read_body(request.body, {}); !body) {
            co_return refuse(400, body.error());
        }
        record(request, "diagnose", name);
        const auto made = co_await parts_.engine.diagnose(std::move(name));
        co_return made ? answer(200, diagnosis_to_json(*made)) : refuse(made.error());
    }

    server_response accepted(const result<void>& outcome, const std::string& name) {
        if (!outcome) {
            return refuse(outcome.error());
        }
        const auto one = parts_.engine.show(name);
        return one ? answer(202, certificate_to_json(*one)) : unknown_certificate(name);
    }

    // ---- history

    awaitable<server_response> history(const server_request& request, const std::vector<std::string>& steps) {
        if (!reads(request)) {
            co_return wrong_method("GET");
        }
        if (steps.size() == 1) {
            co_return answer(200, history_to_json(parts_.recent()));
        }
        // The record outlives its certificate's entry, so the name alone has to be safe.
        const std::string& name = steps[1];
        if (!is_plain_name(name)) {
            co_return unknown_certificate(name);
        }
        const auto lines = co_await parts_.history(name);
        if (!lines) {
            co_return refuse(lines.error());
        }
        if (lines->empty() && !parts_.engine.show(name)) {
            co_return unknown_certificate(name);
        }
        co_return answer(200, history_to_json(*lines));
    }

    server_response events(const server_request& request) {
        constexpr std::string_view certificate = "certificate=";
        std::string_view name = request.query;
        const bool one = name.starts_with(certificate);
        name.remove_prefix(one ? certificate.size() : 0);
        if (!request.query.empty() && !one) {
            return refuse(400, error(errc::invalid_argument,
                                     "the only thing that can be said here is certificate=NAME: whose events "
                                     "are wanted"));
        }
        if (one && !(is_plain_name(name) && parts_.engine.show(name))) {
            return unknown_certificate(name);
        }
        auto stream = parts_.feed.follow(std::string(name));
        if (!stream) {
            return refuse(503, stream.error());
        }
        server_response response = answer(200, {});
        response.headers.front().second = "application/x-ndjson";
        response.more = std::move(*stream);
        return response;
    }

    // ---- accounts

    awaitable<server_response> accounts(const server_request& request,
                                        const std::vector<std::string>& steps) {
        const std::string verb = steps.size() == 3 ? steps[2] : std::string();
        if (steps.size() > 3 || (steps.size() == 3 && verb != "rollover" && verb != "deactivate")) {
            co_return no_such_path();
        }
        if (verb.empty() ? !reads(request) : request.method != "POST") {
            co_return wrong_method(verb.empty() ? "GET" : "POST");
        }
        if (steps.size() == 1) {
            const auto all = co_await parts_.engine.accounts();
            co_return answer(200, accounts_to_json(all));
        }
        std::string issuer = steps[1];
        if (!is_plain_name(issuer)) {
            co_return refuse(error(errc::not_found, "there is no issuer of this name"));
        }
        if (verb.empty()) {
            co_return account_answer(co_await parts_.engine.account(std::move(issuer)));
        }
        if (const auto body = read_body(request.body, {}); !body) {
            co_return refuse(400, body.error());
        }
        record(request, fmt::format("{} of the account at {}", verb, issuer), "");
        if (verb == "rollover") {
            co_return account_answer(co_await parts_.engine.roll_over_account(std::move(issuer)));
        }
        co_return account_answer(co_await parts_.engine.deactivate_account(std::move(issuer)));
    }

    static server_response account_answer(const result<lifecycle::account_status>& one) {
        return one ? answer(200, account_to_json(*one)) : refuse(one.error());
    }

    // ---- notifications

    awaitable<server_response> notify(const server_request& request, const std::vector<std::string>& steps) {
        if (steps.size() == 1) {
            co_return reads(request) ? answer(200, notifications_to_json(parts_.notifications()))
                                     : wrong_method("GET");
        }
        if (steps[1] != "test") {
            co_return no_such_path();
        }
        if (request.method != "POST") {
            co_return wrong_method("POST");
        }
        if (const auto body = read_body(request.body, {}); !body) {
            co_return refuse(400, body.error());
        }
        record(request, "a test of the notifications", "");
        const auto all = co_await parts_.test_notifications();
        co_return answer(200, tests_to_json(all));
    }

    // ---- the daemon

    server_response status() {
        return answer(200, status_to_json(parts_.status(), parts_.time.now(), parts_.engine.count()));
    }

    server_response reload(const server_request& request) {
        if (const auto body = read_body(request.body, {}); !body) {
            return refuse(400, body.error());
        }
        record(request, "reload", "");
        const auto outcome = parts_.reload();
        return outcome ? answer(200, message_to_json(*outcome)) : refuse(422, outcome.error());
    }

    /// Who changed something and what, for the log; asking is not recorded.
    void record(const server_request& request, std::string_view what, const std::string& name) {
        event e;
        e.id = "control.request";
        e.certificate = name;
        e.message = fmt::format("{} was asked for through the control socket", what);
        e.fields.emplace_back("peer", request.peer);
        parts_.events.emit(e);
    }

    control_parts parts_;
};

} // namespace

net::request_handler make_control_handler(control_parts parts) {
    // Not itself a coroutine: a coroutine that is a capturing lambda would outlive its captures.
    return [all = std::make_shared<routes>(std::move(parts))](server_request request) {
        return routes::respond(all, std::move(request));
    };
}

net::server_limits control_limits() {
    net::server_limits limits;
    limits.connections = 64;
    limits.body_bytes = 16 * 1024;
    limits.lifetime = std::chrono::minutes(12);
    return limits;
}

} // namespace evercert::daemon
