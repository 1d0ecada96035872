#include "daemon/control/exchange.hpp"

#include "core/base/text.hpp"
#include "daemon/control/protocol.hpp"
#include "daemon/control/reasons.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

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

} // namespace

net::server_response answer(unsigned status, std::string body) {
    net::server_response response(status, std::move(body));
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

net::server_response refuse(unsigned status, const error& what) {
    return answer(status, error_to_json(what));
}
net::server_response refuse(const error& what) {
    return refuse(status_of(what.code), what);
}

net::server_response wrong_method(const char* allowed) {
    net::server_response response =
        refuse(405, error(errc::invalid_argument, fmt::format("only {} is answered here", allowed)));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

net::server_response no_such_path() {
    return refuse(
        404, error(errc::not_found, "there is nothing at this path; see /v1/status and /v1/certificates"));
}

net::server_response unknown_certificate(std::string_view name) {
    return refuse(404,
                  error(errc::not_found, fmt::format("no certificate is called \"{}\"", escape(name, 100))));
}

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

} // namespace evercert::daemon
