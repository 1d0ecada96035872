#include "daemon/control/routes.hpp"

#include "core/base/text.hpp"
#include "core/json/value.hpp"
#include "daemon/control/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace evercert::daemon {
namespace {

using net::server_request;
using net::server_response;

constexpr std::string_view certificates_path = "/v1/certificates";

server_response answer(unsigned status, std::string body) {
    server_response response(status, std::move(body));
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

unsigned status_of(errc code) {
    switch (code) {
    case errc::invalid_argument:
    case errc::parse:
    case errc::protocol:
        return 400;
    case errc::not_found:
        return 404;
    case errc::busy:
    case errc::exists:
        return 409;
    case errc::too_large:
        return 413;
    case errc::cancelled:
        return 503;
    case errc::network:
    case errc::tls:
    case errc::refused:
        return 502;
    case errc::timed_out:
        return 504;
    default:
        return 500;
    }
}

server_response refuse(unsigned status, const error& what) {
    return answer(status, error_to_json(what));
}
server_response refuse(const error& what) {
    return refuse(status_of(what.code), what);
}

server_response wrong_method(const char* allowed) {
    server_response response =
        refuse(405, error(errc::invalid_argument, fmt::format("only {} is answered here", allowed)));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

server_response no_such_path() {
    return refuse(
        404, error(errc::not_found, "there is nothing at this path; see /v1/status and /v1/certificates"));
}

server_response unknown_certificate(std::string_view name) {
    return refuse(404,
                  error(errc::not_found, fmt::format("no certificate is called \"{}\"", escape(name, 100))));
}

bool reads(const server_request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// The body as an object with no other members than these.
result<std::optional<json::value>> read_body(const std::string& body,
                                             const std::vector<std::string_view>& known) {
    if (trim(body).empty()) {
        return std::nullopt;
    }
    const auto document = json::parse(body, 16 * 1024);
    if (!document) {
        return fail(document.error().within("the request's body"));
    }
    if (!document->is_object()) {
        return fail(errc::invalid_argument, "the request's body: a JSON object was expected");
    }
    for (const std::string& name : document->member_names()) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return fail(errc::invalid_argument, "the request's body has a member that is not known here",
                        name);
        }
    }
    return *document;
}

result<bool> read_now(const std::string& body) {
    const auto document = read_body(body, {"now"});
    if (!document) {
        return fail(document.error());
    }
    if (!*document) {
        return false;
    }
    const auto now = (*document)->optional_boolean("now");
    if (!now) {
        return fail(now.error());
    }
    return now->value_or(false);
}

result<std::optional<int>> read_reason(const std::string& body) {
    const auto document = read_body(body, {"reason"});
    if (!document) {
        return fail(document.error());
    }
    if (!*document) {
        return std::nullopt;
    }
    std::optional<std::string> written;
    if (const auto number = (*document)->optional_integer("reason"); number && *number) {
        written = std::to_string(**number);
    } else if (const auto text = (*document)->optional_string("reason"); text) {
        written = *text;
    } else {
        return fail(errc::invalid_argument, "reason: a name or a number was expected");
    }
    if (!written) {
        return std::nullopt;
    }
    const auto reason = parse_reason(*written);
    if (!reason) {
        return fail(reason.error());
    }
    return *reason;
}

class routes {
public:
    explicit routes(control_parts parts) : parts_(std::move(parts)) {}

    static awaitable<server_response> respond(std::shared_ptr<routes> self, server_request request) {
        if (!request.peer_uid) {
            co_return refuse(403,
                             error(errc::refused, "control requests are taken from the Unix socket only"));
        }
        const std::string_view path = request.path;
        if (path == "/v1/status") {
            co_return reads(request) ? self->status() : wrong_method("GET");
        }
        if (path == "/v1/reload") {
            co_return request.method == "POST" ? self->reload(request) : wrong_method("POST");
        }
        if (path == certificates_path) {
            co_return reads(request) ? answer(200, list_to_json(self->parts_.engine.list()))
                                     : wrong_method("GET");
        }
        if (!path.starts_with(certificates_path) || path[certificates_path.size()] != '/') {
            co_return no_such_path();
        }
        const std::string_view rest = path.substr(certificates_path.size() + 1);
        const auto slash = rest.find('/');
        std::string name(rest.substr(0, slash));
        const std::string_view verb = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
        if (slash == std::string_view::npos) {
            co_return reads(request) ? self->show(name) : wrong_method("GET");
        }
        if (verb != "renew" && verb != "revoke" && verb != "deploy") {
            co_return no_such_path();
        }
        if (request.method != "POST") {
            co_return wrong_method("POST");
        }
        if (!self->parts_.engine.show(name)) {
            co_return unknown_certificate(name);
        }
        if (verb == "renew") {
            co_return self->renew(request, name);
        }
        if (verb == "deploy") {
            co_return self->deploy(request, name);
        }
        const auto reason = read_reason(request.body);
        if (!reason) {
            co_return refuse(400, reason.error());
        }
        self->record(request, "revoke", name);
        const auto outcome = co_await self->parts_.engine.revoke(name, *reason);
        co_return outcome ? self->show(name) : refuse(outcome.error());
    }

private:
    server_response status() {
        return answer(200, status_to_json(parts_.status(), parts_.time.now(), parts_.engine.list()));
    }

    server_response show(const std::string& name) {
        const auto one = parts_.engine.show(name);
        return one ? answer(200, certificate_to_json(*one)) : unknown_certificate(name);
    }

    server_response reload(const server_request& request) {
        if (const auto body = read_body(request.body, {}); !body) {
            return refuse(400, body.error());
        }
        record(request, "reload", "");
        const auto outcome = parts_.reload();
        return outcome ? answer(200, message_to_json(*outcome)) : refuse(422, outcome.error());
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

    server_response accepted(const result<void>& outcome, const std::string& name) {
        if (!outcome) {
            return refuse(outcome.error());
        }
        server_response response = show(name);
        if (response.status == 200) {
            response.status = 202;
        }
        return response;
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
    limits.lifetime = std::chrono::minutes(3);
    return limits;
}

} // namespace evercert::daemon
