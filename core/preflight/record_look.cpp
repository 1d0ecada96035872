#include "core/preflight/record_look.hpp"

#include "core/base/task_group.hpp"
#include "core/crypto/base64url.hpp"
#include "core/crypto/digest.hpp"
#include "core/dns/propagation.hpp"
#include "core/preflight/presented.hpp"
#include "core/preflight/within.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace evercert::survey {
namespace {

awaitable<void> make_ready(solver& by, challenge_task task, std::optional<result<void>>& into) {
    into = co_await by.wait_ready(std::move(task));
}

/// wait_ready for no longer than that; nothing: it was too slow and has been stopped.
awaitable<std::optional<result<void>>> ready_within(const inquiry& in, solver& by, challenge_task task,
                                                    milliseconds patience) {
    std::optional<result<void>> out;
    std::string broken;
    const auto note = [&](const std::string&, const std::string& what) { broken = what; };
    task_group work(co_await asio::this_coro::executor, note);
    const auto begin = [&] { work.spawn("record", make_ready(by, std::move(task), out)); };
    co_await join_within(work, in.parts.time, patience, begin);
    if (!broken.empty()) {
        throw std::runtime_error(broken);
    }
    co_return out;
}

/// What it means that one server does not show the record.
struct absence {
    finding_weight weight = finding_weight::trouble;
    std::string seen;
    std::string change; ///< {} is the server
};

absence meaning_of_absence(const std::optional<result<void>>& ready, const dns::look& seen) {
    absence out;
    const bool elsewhere = std::any_of(seen.sightings.begin(), seen.sightings.end(),
                                       [](const dns::sighting& s) { return s.what == dns::sight::shown; });
    if (elsewhere) {
        out.seen = "the TXT record is missing";
        out.change = "{} lags behind or is not updated by the primary: look at its zone transfers (NOTIFY, "
                     "also-notify, "
                     "the serial of its SOA), or take it out of the NS records";
    } else if (ready && *ready) {
        out.seen = "the TXT record is said to be made, and no name server shows it: missing";
        out.change =
            "see whether the provider of this challenge writes into the zone that {} serves, and not into "
            "another of that name";
    } else {
        out.weight = finding_weight::unsure;
        out.seen = "in the time that there was, the TXT record is not there yet";
        out.change =
            "look again with more patience; if it never comes to {}, look at what the provider of this "
            "challenge does";
    }
    return out;
}

void say_sighting(look& out, const dns::sighting& s, const std::string& target, const absence& absent) {
    std::string who = s.server.empty() ? "the resolver" : escape(s.server);
    if (s.where) {
        who += fmt::format(" ({})", to_string(*s.where));
    }
    const std::string looked_at = fmt::format("TXT {} at {}", target, who);
    switch (s.what) {
    case dns::sight::shown:
        out.say(finding_weight::good, looked_at, s.words);
        return;
    case dns::sight::others:
    case dns::sight::nothing:
        out.say(absent.weight, looked_at, fmt::format("{} on {}: {}", absent.seen, who, s.words),
                fmt::format(fmt::runtime(absent.change), who));
        return;
    case dns::sight::refuses:
    case dns::sight::silent:
    case dns::sight::unreachable:
        out.say(finding_weight::unsure, looked_at, s.words, "see whether it answers others");
        return;
    }
}

/// What one round of it came to.
struct outcome {
    std::optional<result<void>> ready;
    std::optional<result<dns::look>> seen;
};

awaitable<void> make_and_look(const inquiry& in, solver& by, challenge_task task, std::string target,
                              outcome& into) {
    // A quarter of what is left is for the look at the servers.
    const milliseconds patience = in.time_for(std::chrono::hours(1)) * 3 / 4;
    into.ready = co_await ready_within(in, by, task, patience);
    const bool hopeless = into.ready && !*into.ready && into.ready->error().code != errc::timed_out;
    // The name for an account's own record is its solver's secret: what that says has to do.
    if (hopeless || by.challenge_type() != "dns-01") {
        co_return;
    }
    std::string value = crypto::base64url(crypto::sha256(task.key_authorization)); // RFC 8555 section 8.4
    into.seen =
        co_await dns::look_everywhere(in.dns, std::move(target), std::move(value), in.parts.ports.dns);
}

} // namespace

awaitable<void> look_at_record(const inquiry& in, look& out, identifier name, solver& by,
                               std::string target) {
    const std::string looked_at = fmt::format("{} for {}", by.challenge_type(), name.base());
    out.turn_to("record", looked_at);
    challenge_task task = make_task(in, name);
    outcome seen;
    std::function<awaitable<void>()> then = [&] { return make_and_look(in, by, task, target, seen); };
    const auto up = co_await with_presented(by, task, std::move(then));
    if (!up) {
        out.say_as("solver", finding_weight::trouble, looked_at, up.error().text(),
                   "mend that first: no challenge of this kind can be answered");
        co_return;
    }
    if (seen.seen && *seen.seen) {
        const absence absent = meaning_of_absence(seen.ready, **seen.seen);
        for (const dns::sighting& s : (*seen.seen)->sightings) {
            if (!s.where || in.can_ask(*s.where)) {
                say_sighting(out, s, escape(target), absent);
            }
        }
        co_return;
    }
    if (seen.ready && !*seen.ready) {
        out.say(finding_weight::trouble, looked_at, seen.ready->error().text(),
                "mend what makes the records: the provider of this challenge, its credentials, its rights");
    } else if (!seen.ready) {
        out.say(finding_weight::unsure, looked_at, "the record was not there in the time that there was",
                "ask again with more patience, or look at what the provider of this challenge does");
    } else if (seen.seen) {
        out.say(finding_weight::unsure, looked_at, seen.seen->error().text(), "let this machine ask the DNS");
    } else {
        out.say(finding_weight::good, looked_at, "the record was made, and was seen where it belongs");
    }
}

awaitable<void> look_at_standing_record(const inquiry& in, look& out, identifier name, solver& by) {
    const std::string looked_at = fmt::format("{} for {}", by.challenge_type(), name.base());
    out.turn_to("record", looked_at);
    if (in.request.facts.account_url.empty()) {
        out.say(finding_weight::unsure, looked_at, "the record names the account, and there is none yet",
                "let evercertd make the account, and ask again");
        co_return;
    }
    challenge_task task = make_task(in, name);
    task.token.clear(); // this challenge has none
    task.key_authorization.clear();
    std::function<awaitable<void>()> then = []() -> awaitable<void> { co_return; };
    const auto there = co_await with_presented(by, std::move(task), std::move(then));
    if (there) {
        out.say(finding_weight::good, looked_at, "the standing record is there");
    } else {
        out.say(finding_weight::trouble, looked_at, there.error().text(),
                "put the record there that it asks for");
    }
}

} // namespace evercert::survey
