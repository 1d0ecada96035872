#include "core/preflight/reach_look.hpp"

#include "core/dns/at_once.hpp"
#include "core/preflight/presented.hpp"
#include "core/preflight/verdict.hpp"

#include <fmt/format.h>

namespace evercert::survey {
namespace {

using kind = verdict::kind;

bool is_v6(const verdict& v) {
    return v.address.find(':') != std::string::npos;
}

awaitable<void> look_one(const inquiry& in, proof shown, std::string address, bool by_alpn, verdict& into) {
    if (by_alpn) {
        into = co_await look_by_alpn(in, std::move(shown), std::move(address));
    } else {
        into = co_await look_by_http(in, std::move(shown), std::move(address));
    }
}

awaitable<void> look_all(const inquiry& in, solver& by, challenge_task task,
                         std::vector<std::string> addresses, std::vector<verdict>& into,
                         result<void>& ready) {
    ready = co_await by.wait_ready(task);
    if (!ready) {
        co_return;
    }
    const bool by_alpn = by.challenge_type() == "tls-alpn-01";
    proof shown{task.name, task.token, task.key_authorization};
    into.resize(addresses.size());
    std::vector<awaitable<void>> tasks;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        tasks.push_back(look_one(in, shown, addresses[i], by_alpn, into[i]));
    }
    co_await dns::at_once(std::move(tasks));
}

/// The classic: IPv4 works, and IPv6 leads to another machine, or nowhere.
void say_stale(look& out, const verdict& v, const std::string& working) {
    out.say(finding_weight::trouble, v.looked_at,
            fmt::format(
                "stale AAAA: {}, while the A record's {} shows the challenge. CAs prefer IPv6, and go back "
                "to IPv4 at best when nothing answers",
                v.seen, working),
            fmt::format("change or remove the AAAA record {}, or let that address answer as {} does",
                        v.address, working));
}

void say_failure(const inquiry& in, look& out, const verdict& v, bool all_unconnected) {
    const bool translated = in.here.behind_translation(boost::asio::ip::make_address(v.address));
    if (v.what == kind::no_ipv6 || v.what == kind::late) {
        out.say(finding_weight::unsure, v.looked_at, v.seen, v.change);
    } else if (v.what == kind::unconnected && translated) {
        out.say(finding_weight::unsure, v.looked_at,
                v.seen + (all_unconnected
                              ? ". This machine is behind a NAT that may not lead its own packets "
                                "back (no hairpin): the CA may get through all the same"
                              : ""),
                "look from elsewhere; if nobody gets through: " + v.change);
    } else {
        out.say(finding_weight::trouble, v.looked_at,
                v.seen + (translated ? " (from behind a NAT, where it may be the router itself that answers)"
                                     : ""),
                v.change);
    }
}

void judge(const inquiry& in, look& out, const std::vector<verdict>& all, bool fetched) {
    std::string working; // an IPv4 address that shows it
    bool any = false;
    bool any_six = false;
    bool all_unconnected = true;
    for (const verdict& v : all) {
        any = any || v.what == kind::shown;
        any_six = any_six || (is_v6(v) && v.what == kind::shown);
        all_unconnected = all_unconnected && v.what == kind::unconnected;
        if (v.what == kind::shown && !is_v6(v)) {
            working = v.address;
        }
    }
    for (const verdict& v : all) {
        if (v.what == kind::shown) {
            out.say(finding_weight::good, v.looked_at, v.seen);
        } else if (is_v6(v) && !working.empty() && v.what != kind::no_ipv6 && v.what != kind::late) {
            say_stale(out, v, working);
        } else if (!is_v6(v) && any_six) {
            out.say(finding_weight::unsure, v.looked_at,
                    v.seen + ". IPv6 shows the challenge, which most CAs prefer", v.change);
        } else {
            verdict told = v;
            if (fetched && !any && v.what == kind::wrong) {
                told.seen +=
                    "; evercertd's own listener was asked, so that something on the way changes its answer";
            }
            say_failure(in, out, told, all_unconnected);
        }
    }
}

} // namespace

awaitable<void> look_at_reach(const inquiry& in, look& out, identifier name, solver& by,
                              std::vector<std::string> addresses) {
    out.turn_to("reach", fmt::format("{} by {}", name.base(), by.challenge_type()));
    challenge_task task = make_task(in, name);
    const auto fetched = std::make_shared<bool>(false); // a careless solver may call later
    task.on_fetched = [fetched] { *fetched = true; };
    std::vector<verdict> all;
    result<void> ready;
    std::function<awaitable<void>()> then = [&] {
        return look_all(in, by, task, std::move(addresses), all, ready);
    };
    auto up = co_await with_presented(by, task, std::move(then));
    if (up && !ready) {
        up = std::move(ready);
    }
    if (!up) {
        out.say_as("solver", finding_weight::trouble,
                   fmt::format("{} for {}", by.challenge_type(), name.base()), up.error().text(),
                   "mend that first: no challenge of this kind can be answered");
        co_return;
    }
    judge(in, out, all, *fetched);
}

} // namespace evercert::survey
