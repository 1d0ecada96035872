#include "core/preflight/servfail.hpp"

#include "core/dns/at_once.hpp"
#include "core/dns/authority.hpp"

#include <fmt/format.h>

#include <optional>

namespace evercert::survey {
namespace {

constexpr std::size_t most_servers = 8;
constexpr int most_aliases = 4;

std::string parent(const std::string& name) {
    const auto dot = name.find('.');
    return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

bool says_something(const dns_answer& answer) {
    return answer.code == dns_rcode::no_error || answer.code == dns_rcode::name_error;
}

struct server {
    std::string name;
    endpoint where;
};

std::string titled(const server& s) {
    return fmt::format("{} ({})", escape(s.name), to_string(s.where));
}

struct outcome {
    std::string zone;
    std::vector<server> servers;     ///< of the zone; empty: not known
    std::vector<std::string> silent; ///< what those said that gave no answer
    std::string answers;             ///< one that does answer
    std::string alias;               ///< ... with an alias only
    bool known = false;              ///< somebody told which servers the zone has
};

/// The servers of the nearest zone above, which the resolver still knows.
awaitable<std::vector<server>> servers_above(const inquiry& in, std::string name) {
    std::vector<server> out;
    for (std::string above = parent(name); !above.empty() && out.empty(); above = parent(above)) {
        const auto zone = co_await dns::find_zone(in.dns, above);
        if (!zone) {
            continue;
        }
        const auto known = co_await dns::authoritative_servers(in.dns, *zone, in.parts.ports.dns);
        if (!known) {
            continue;
        }
        for (const auto& s : *known) {
            for (const auto& where : s.addresses) {
                if (out.size() < most_servers && in.can_ask(where)) {
                    out.push_back(server{s.name, where});
                }
            }
        }
    }
    co_return out;
}

awaitable<void> add_addresses(const inquiry& in, std::string name, dns_type type, std::vector<server>& to) {
    const dns_question question(name, type);
    const auto answer = co_await in.dns.resolve(question);
    if (!answer) {
        co_return;
    }
    for (const dns_record& r : answer->answers) {
        const endpoint where{r.value, in.parts.ports.dns};
        if (r.type == type && to.size() < most_servers && in.can_ask(where)) {
            to.push_back(server{name, where});
        }
    }
}

/// The servers that a referral names, by its own addresses or, where it has none, by the resolver's.
awaitable<std::vector<server>> referred(const inquiry& in, dns_answer referral, std::string zone) {
    std::vector<server> out;
    for (const dns_record& r : referral.authority) {
        if (r.type != dns_type::ns || r.name != zone || out.size() >= most_servers) {
            continue;
        }
        const std::size_t before = out.size();
        for (const dns_record& glue : referral.additional) {
            const endpoint where{glue.value, in.parts.ports.dns};
            if ((glue.type == dns_type::a || glue.type == dns_type::aaaa) && glue.name == r.value &&
                out.size() < most_servers && in.can_ask(where)) {
                out.push_back(server{r.value, where});
            }
        }
        if (out.size() == before) {
            co_await add_addresses(in, r.value, dns_type::a, out);
            co_await add_addresses(in, r.value, dns_type::aaaa, out);
        }
    }
    co_return out;
}

awaitable<void> ask_one(const inquiry& in, server whom, std::string name, dns_type type, outcome& out) {
    const dns_question question(name, type);
    const auto answer = co_await in.dns.ask(whom.where, question);
    if (!answer) {
        out.silent.push_back(fmt::format("{}: {}", titled(whom), answer.error().message));
    } else if (!says_something(*answer)) {
        out.silent.push_back(fmt::format("{} answers {}", titled(whom), to_string(answer->code)));
    } else if (!answer->authoritative) {
        out.silent.push_back(fmt::format("{} does not answer for the zone itself", titled(whom)));
    } else {
        out.answers = out.answers.empty() ? titled(whom) : out.answers;
        for (const dns_record& r : answer->answers) {
            if (r.type == dns_type::cname && r.name == name) {
                out.alias = r.value;
            }
        }
    }
}

awaitable<outcome> look_behind(const inquiry& in, std::string name, dns_type type) {
    outcome out;
    const auto above = co_await servers_above(in, name);
    for (const server& whom : above) {
        const dns_question question(name, dns_type::ns);
        const auto answer = co_await in.dns.ask(whom.where, question);
        if (!answer || !says_something(*answer)) {
            continue;
        }
        out.known = true;
        if (answer->authoritative) {
            out.zone = name;
            out.servers = above;
            break;
        }
        for (const dns_record& r : answer->authority) {
            if (r.type == dns_type::ns && (name == r.name || name.ends_with("." + r.name))) {
                out.zone = r.name;
            }
        }
        out.servers = co_await referred(in, *answer, out.zone);
        break;
    }
    std::vector<awaitable<void>> tasks;
    for (const server& each : out.servers) {
        tasks.push_back(ask_one(in, each, name, type, out));
    }
    co_await dns::at_once(std::move(tasks));
    co_return out;
}

} // namespace

awaitable<void> explain_servfail(const inquiry& in, look& out, std::string name, dns_type type,
                                 finding_weight weight) {
    const std::string looked_at = fmt::format("{} {}", to_string(type), escape(name));
    outcome seen;
    for (int i = 0; i <= most_aliases; ++i) {
        seen = co_await look_behind(in, name, type);
        if (seen.alias.empty()) {
            break;
        }
        name = seen.alias; // it is not this name that is broken, but the one it leads to
    }
    const std::string zone = escape(seen.zone.empty() ? name : seen.zone);
    if (!seen.answers.empty()) {
        out.say_as("dnssec", weight, looked_at,
                   fmt::format("the resolver says SERVFAIL, but {} does answer: the DNSSEC signatures of {} "
                               "are broken or out of date. CAs validate too, and count it as no answer",
                               seen.answers, zone),
                   fmt::format("sign {} anew, or take its DS record out of the parent zone (the registrar "
                               "does that); delv and dnsviz.net show what is broken",
                               zone));
    } else if (seen.known) {
        const std::string said = seen.silent.empty() ? "they have no addresses" : join(seen.silent, "; ");
        out.say_as(
            "delegation", weight, looked_at,
            fmt::format("the resolver says SERVFAIL, and no name server of {} answers: {}", zone, said),
            fmt::format("start the name servers of {}, or change its NS records to servers that have "
                        "the zone (in the parent zone too: the registrar does that)",
                        zone));
    } else {
        out.say_as(
            "dnssec", weight, looked_at,
            "the resolver says SERVFAIL: a broken DNSSEC signature or dead name servers; CAs count it "
            "as no answer",
            "look at the zone with delv or dnsviz.net: nobody could be asked from here past the resolver");
    }
}

} // namespace evercert::survey
