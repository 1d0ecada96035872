#include "core/preflight/delegation_look.hpp"

#include "core/dns/at_once.hpp"
#include "core/dns/authority.hpp"
#include "core/preflight/servfail.hpp"

#include <fmt/format.h>

namespace evercert::survey {
namespace {

/// How one server took the question for its zone's SOA.
struct reply {
    std::string who;
    std::string words;
    bool answers = false; ///< for the zone, as it should
    bool wrong = false;   ///< it is there, and does not have the zone
};

awaitable<void> ask_one(const inquiry& in, endpoint where, std::string zone, reply& into) {
    const dns_question question(std::move(zone), dns_type::soa);
    const auto answer = co_await in.dns.ask(std::move(where), question);
    if (!answer) {
        into.words = answer.error().code == errc::timed_out ? "it does not answer" : answer.error().message;
        into.wrong = answer.error().code == errc::protocol;
        co_return;
    }
    into.answers = answer->code == dns_rcode::no_error && answer->authoritative;
    into.wrong = !into.answers;
    if (answer->code != dns_rcode::no_error) {
        into.words = "it answers " + dns::explain(answer->code);
    } else if (!answer->authoritative) {
        into.words = "it does not have the zone (a lame delegation)";
    }
}

std::string last_labels(const std::string& name) {
    const auto last = name.rfind('.');
    const auto dot = last == std::string::npos || last == 0 ? std::string::npos : name.rfind('.', last - 1);
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

/// Whether the zone is a top level one that knows nothing of our domain. There are networks whose own zone
/// has but one label.
awaitable<bool> is_strange(const inquiry& in, std::string zone, std::string name) {
    if (zone.find('.') != std::string::npos) {
        co_return false;
    }
    const dns_question question(last_labels(name), dns_type::soa);
    const auto answer = co_await in.dns.resolve(question);
    co_return answer.has_value() && answer->code == dns_rcode::name_error;
}

/// Words for an error on the way to the zone.
awaitable<void> say_lost(const inquiry& in, look& out, std::string name, error why) {
    if (why.code == errc::refused) {
        const dns_question question(name, dns_type::soa);
        const auto answer = co_await in.dns.resolve(question);
        if (answer && answer->code == dns_rcode::server_failure) {
            co_await explain_servfail(in, out, name, dns_type::soa, finding_weight::trouble);
            co_return;
        }
    }
    const bool certain =
        why.code == errc::protocol || why.code == errc::not_found || why.code == errc::refused;
    out.say(certain ? finding_weight::trouble : finding_weight::unsure, out.looking_at, why.text(),
            certain ? "mend the zone" : "let this machine reach its DNS resolvers (/etc/resolv.conf)");
}

/// `name`, or what it is an alias of, is in no zone; `above`: the top level zone that does not know it, if
/// there is one.
void say_undelegated(look& out, const std::string& record, const std::string& name, bool alias,
                     const std::string& above) {
    const std::string domain = escape(last_labels(name));
    if (alias) {
        out.say(finding_weight::trouble, record,
                fmt::format("a CNAME to {}, and there is no zone {}: it leads nowhere", escape(name), domain),
                fmt::format("remove the CNAME of {}, or lead it to a name in a zone that exists", record));
        return;
    }
    const std::string parent = above.empty() ? "the zone above it" : escape(above);
    out.say(finding_weight::trouble, record,
            fmt::format("{} is not delegated: {} does not know it", domain, parent),
            fmt::format("register {}, or have its NS records put into {}", domain, parent));
}

void say_server(look& out, const reply& r, const std::string& zone, bool others_answer) {
    const bool trouble = r.wrong && !others_answer;
    out.say(
        trouble ? finding_weight::trouble : finding_weight::unsure, "SOA " + zone + " at " + r.who, r.words,
        r.wrong
            ? fmt::format("let {} serve {}, or take it out of the NS records (in the parent zone too)", r.who,
                          zone)
            : fmt::format("see whether {} answers others: a firewall may let only the resolver out from here",
                          r.who));
}

awaitable<void> look_at_servers(const inquiry& in, look& out, std::string zone) {
    const auto servers = co_await dns::authoritative_servers(in.dns, zone, in.parts.ports.dns);
    if (!servers) {
        co_await say_lost(in, out, zone, servers.error());
        co_return;
    }
    const std::string shown = escape(zone);
    std::vector<reply> replies;
    std::vector<endpoint> where;
    for (const dns::name_server& server : *servers) {
        if (server.addresses.empty()) {
            out.say(finding_weight::trouble, "NS " + shown,
                    fmt::format("{}: {}", escape(server.name), server.trouble),
                    fmt::format("give {} an address, or take it out of the NS records of {}",
                                escape(server.name), shown));
        }
        for (const endpoint& each : server.addresses) {
            if (!in.can_ask(each)) {
                continue;
            }
            replies.emplace_back().who = fmt::format("{} ({})", escape(server.name), to_string(each));
            where.push_back(each);
        }
    }
    std::vector<awaitable<void>> tasks;
    for (std::size_t i = 0; i < where.size(); ++i) {
        tasks.push_back(ask_one(in, where[i], zone, replies[i]));
    }
    co_await dns::at_once(std::move(tasks));
    const auto good = std::count_if(replies.begin(), replies.end(), [](const reply& r) { return r.answers; });
    for (const reply& r : replies) {
        if (!r.answers) {
            say_server(out, r, shown, good > 0);
        }
    }
    const bool passed_over = std::any_of(servers->begin(), servers->end(),
                                         [](const dns::name_server& s) { return !s.addresses.empty(); });
    if (replies.empty() && passed_over) {
        out.say(finding_weight::unsure, "SOA " + shown,
                "none of its name servers can be asked from this machine",
                "look from elsewhere whether they answer");
    }
    if (good > 0) {
        out.say(
            finding_weight::good, "SOA " + shown,
            fmt::format("{} of {} addresses of its name servers answer for the zone", good, replies.size()));
    }
}

} // namespace

awaitable<std::string> look_at_delegation(const inquiry& in, look& out, identifier name) {
    const std::string record = "_acme-challenge." + name.base();
    out.turn_to("delegation", record);
    const auto target = co_await dns::follow_aliases(in.dns, record);
    if (!target) {
        co_await say_lost(in, out, record, target.error());
        co_return std::string();
    }
    const auto zone = co_await dns::find_zone(in.dns, *target);
    if (!zone && zone.error().code != errc::not_found) {
        co_await say_lost(in, out, *target, zone.error());
        co_return std::string();
    }
    const std::string where = escape(*target);
    const bool alias = *target != record;
    bool lost = !zone;
    if (zone) {
        lost = co_await is_strange(in, *zone, *target);
    }
    if (lost) {
        say_undelegated(out, record, alias ? *target : name.base(), alias, zone ? *zone : std::string());
        co_return std::string();
    }
    if (alias) {
        out.say(finding_weight::good, record,
                fmt::format("a CNAME to {} in the zone {}", where, escape(*zone)));
    }
    co_await look_at_servers(in, out, *zone);
    co_return *target;
}

} // namespace evercert::survey
