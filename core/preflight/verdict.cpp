#include "core/preflight/verdict.hpp"

#include <fmt/format.h>

namespace evercert::survey {

using kind = net::probe_error::kind;

void tell_failure(const inquiry& in, const net::probe_error& why, unsigned port, milliseconds had,
                  verdict& out) {
    const auto where = boost::asio::ip::make_address(out.address);
    out.seen = why.words;
    out.what = verdict::kind::unconnected;
    if ((why.what == kind::silent || why.what == kind::stalled) && in.is_hurry(had)) {
        out.what = verdict::kind::late;
        out.seen = fmt::format("{}, within the {} that were left for it", why.words, format_duration(had));
        out.change = "look again, with more patience";
        return;
    }
    switch (why.what) {
    case kind::refused:
        out.change = fmt::format("let something that knows the challenge listen on port {} of {}: evercertd "
                                 "(`listen` of the challenge), or the web server in front of it",
                                 port, out.address);
        return;
    case kind::no_way:
        if (where.is_v6() && !in.here.has_ipv6() && !in.here.is_own(where)) {
            out.what = verdict::kind::no_ipv6;
            out.seen = "this machine has no IPv6 and could not look";
            out.change =
                "CAs prefer IPv6: look from elsewhere whether the AAAA record leads to a server that "
                "answers the challenge, or remove it";
            return;
        }
        [[fallthrough]];
    case kind::silent:
        out.change =
            fmt::format("open port {} to {} in the firewalls on the way, and check that the address is "
                        "the right one",
                        port, out.address);
        return;
    case kind::stalled:
    case kind::broken:
    case kind::tls:
    case kind::garbage:
    case kind::unwilling:
        out.what = verdict::kind::wrong;
        out.change = fmt::format(
            "look at what listens on port {} of {}: it is not what answers the challenge", port, out.address);
        return;
    }
}

} // namespace evercert::survey
