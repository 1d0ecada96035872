#include "core/net/http_probe.hpp"
#include "core/preflight/address_look.hpp"
#include "core/preflight/redirect.hpp"
#include "core/preflight/verdict.hpp"

#include <fmt/format.h>

#include <set>

namespace evercert::survey {
namespace {

constexpr std::size_t most_redirects = 10;
constexpr seconds most_patience(5);

std::string_view without_trailing_space(std::string_view body) {
    const auto last = body.find_last_not_of(" \t\r\n\f\v");
    return body.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string served_by(const net::http_sight& sight) {
    if (sight.server == "evercert") {
        return "an evercertd (this one at another address, or one elsewhere)";
    }
    return sight.server.empty() ? "a server that does not name itself"
                                : "the server " + quoted(sight.server, 60);
}

std::string text_of(const net::url& at) {
    return escape(fmt::format("{}://{}{}", at.secure ? "https" : "http", at.authority(), at.target), 200);
}

/// The answer at the end of all redirects.
void judge(const net::http_sight& sight, const proof& shown, const std::string& whose, verdict& out) {
    const std::string_view body = without_trailing_space(sight.body);
    if (sight.status == 200 && body == shown.key_authorization && !sight.cut) {
        out.what = verdict::kind::shown;
        out.seen = "the token is there";
        out.change.clear();
        return;
    }
    out.what = verdict::kind::wrong;
    if (sight.status != 200) {
        out.seen = fmt::format("status {} from {}{}", sight.status, served_by(sight), whose);
        out.change =
            "let that server pass /.well-known/acme-challenge/ on to evercertd, or put the token into "
            "its `webroot`; or let the name's address lead here";
    } else if (body.starts_with(shown.token + ".")) {
        out.seen = fmt::format("{}{} answers with the right token and another account's key: another ACME "
                               "client answers there, or another evercertd",
                               served_by(sight), whose);
        out.change = "switch the other client's answers off for this name (a stateless responder in the web "
                     "server's configuration, say), or let both use one account key";
    } else {
        out.seen = fmt::format("something else than the token from {}{}: {}{}", served_by(sight), whose,
                               quoted(body, 60), sight.cut ? " and more than 4096 bytes" : "");
        out.change = "take /.well-known/acme-challenge/ out of what that server rewrites or answers itself";
    }
}

/// Asks the addresses in turn until there is a connection, IPv6 first, as a CA does.
awaitable<net::probe_result<net::http_sight>> ask_in_turn(const inquiry& in, std::vector<std::string> where,
                                                          net::url what, std::string& asked,
                                                          milliseconds& had) {
    net::probe_result<net::http_sight> out =
        std::unexpected(net::probe_error(net::probe_error::kind::no_way, "it has no address"));
    const auto& ports = in.parts.ports;
    for (const std::string& address : where) {
        const bool six = address.find(':') != std::string::npos;
        if (six && where.size() > 1 && !in.here.has_ipv6() && address != where.back() && address != "::1") {
            continue;
        }
        had = in.time_for(most_patience);
        net::http_look look(endpoint{address, what.port == 443 ? ports.https : ports.http}, what, had);
        asked = address;
        out = co_await net::probe_http(std::move(look));
        if (out || !out.error().unconnected()) {
            break;
        }
    }
    co_return out;
}

/// One address a family is what a CA tries.
std::vector<std::string> first_of_each(const std::vector<std::string>& all) {
    std::vector<std::string> out;
    for (const bool six : {true, false}) {
        const auto found = std::find_if(all.begin(), all.end(), [six](const std::string& a) {
            return (a.find(':') != std::string::npos) == six;
        });
        if (found != all.end()) {
            out.push_back(*found);
        }
    }
    return out;
}

} // namespace

awaitable<verdict> look_by_http(const inquiry& in, proof shown, std::string address) {
    verdict out;
    out.address = address;
    const std::string host = shown.name.base();
    const std::string first =
        fmt::format("http://{}/.well-known/acme-challenge/{}", net::bracketed(host), shown.token);
    out.looked_at = fmt::format("{} at {}", first, address);
    auto at = net::parse_url(first);
    if (!at) {
        out.seen = "this name cannot be asked for by HTTP: " + at.error().message;
        out.change = "prove it by a DNS challenge";
        co_return out;
    }
    std::vector<std::string> where{address};
    std::set<std::string> visited;
    std::string whose; // "" or which host it was that answered, after redirects
    for (std::size_t turn = 0;; ++turn) {
        visited.insert(text_of(*at));
        std::string asked;
        milliseconds had{0};
        const auto sight = co_await ask_in_turn(in, where, *at, asked, had);
        if (!sight) {
            tell_failure(in, sight.error(), at->port, had, out);
            if (turn > 0 && out.what != verdict::kind::late) {
                out.what = verdict::kind::wrong;
                out.seen = fmt::format("a redirect from {} to {}, where {} says: {}", host, text_of(*at),
                                       asked.empty() ? escape(at->host) : asked, sight.error().words);
                out.change =
                    fmt::format("do not redirect /.well-known/acme-challenge/ to {}, or let that host "
                                "answer the challenge",
                                escape(at->host));
            }
            co_return out;
        }
        if (!is_redirect(sight->status) || sight->location.empty()) {
            judge(*sight, shown, whose, out);
            co_return out;
        }
        const auto next = next_of(*at, sight->location, host);
        if (!next || turn == most_redirects || visited.contains(text_of(*next))) {
            const std::string why = !next ? next.error().message
                                    : turn == most_redirects
                                        ? fmt::format("CAs follow no more than {} redirects", most_redirects)
                                        : std::string("the redirects lead in a circle");
            out.what = verdict::kind::wrong;
            out.seen =
                fmt::format("a redirect from {} to {}: {}", text_of(*at), quoted(sight->location, 120), why);
            out.change =
                "do not redirect /.well-known/acme-challenge/, or only to http or https at their usual "
                "ports and by name";
            co_return out;
        }
        if (next->host == host) {
            where = {address};
        } else {
            where = first_of_each(co_await addresses_of(in, next->host));
        }
        whose = fmt::format(" at {}, where {} redirects to", escape(next->host), host);
        at = *next;
    }
}

} // namespace evercert::survey
