#include "solvers/http01/responder.hpp"

#include "core/model/identifier.hpp"
#include "core/net/url.hpp"

#include <fmt/format.h>

namespace evercert::solvers {

namespace {

constexpr std::string_view challenge_folder = "/.well-known/acme-challenge";

net::server_response text(unsigned status, std::string body) {
    net::server_response out(status, std::move(body));
    out.headers.emplace_back("Content-Type", "text/plain");
    out.headers.emplace_back("Cache-Control", "no-store");
    return out;
}

net::server_response not_found() {
    return text(404, "not found\n");
}

/// Bytes that no URL may hold become %XX: the request line may have held them.
std::string encoded(std::string_view raw) {
    std::string out;
    for (const char c : raw) {
        if (std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(c));
        }
    }
    return out;
}

net::server_response redirect(const net::server_request& request) {
    const auto host = parse_identifier(request.host, true);
    if (!host || host->wildcard() || !request.path.starts_with('/')) {
        return not_found();
    }
    std::string location = "https://" + net::bracketed(host->value) + encoded(request.path);
    if (!request.query.empty()) {
        location += "?" + encoded(request.query);
    }
    net::server_response out(308);
    out.headers.emplace_back("Location", std::move(location));
    return out;
}

} // namespace

response_and_answer respond(const token_table& table, bool redirect_to_https,
                            const net::server_request& request) {
    response_and_answer out;
    std::string_view path = request.path;
    const bool challenge = path.starts_with(challenge_folder) &&
                           (path.size() == challenge_folder.size() || path[challenge_folder.size()] == '/');
    if (!challenge) {
        out.response = redirect_to_https ? redirect(request) : not_found();
        return out;
    }
    path.remove_prefix(std::min(path.size(), challenge_folder.size() + 1));
    const auto* live = request.query.empty() && !path.empty() ? table.find(request.host, path) : nullptr;
    if (live == nullptr) {
        out.response = not_found();
        return out;
    }
    if (request.method != "GET" && request.method != "HEAD") {
        out.response = text(405, "method not allowed\n");
        out.response.headers.emplace_back("Allow", "GET, HEAD");
        return out;
    }
    out.response = net::server_response(200, live->key_authorization);
    out.response.headers.emplace_back("Content-Type", "application/octet-stream");
    out.response.headers.emplace_back("Cache-Control", "no-store");
    if (request.method == "GET") {
        out.fetched = live;
    }
    return out;
}

} // namespace evercert::solvers
