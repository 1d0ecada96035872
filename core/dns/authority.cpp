#include "core/dns/authority.hpp"

#include "core/dns/at_once.hpp"
#include "core/dns/wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::dns {
namespace {

constexpr std::size_t most_aliases = 16;
constexpr std::size_t most_servers = 20;
constexpr std::size_t most_addresses = 4;

result<std::string> tidy(const std::string& name) {
    const auto wire = name_to_wire(name);
    if (!wire) {
        return fail(wire.error());
    }
    return name_to_text(*wire);
}

/// The name without its first label; the root's parent is the root. A dot within a label is written \046.
std::string parent(const std::string& name) {
    const auto dot = name.find('.');
    return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

bool is_at_or_above(const std::string& zone, const std::string& name) {
    return zone.empty() || name == zone ||
           (name.size() > zone.size() && name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.');
}

const dns_record* find_record(const std::vector<dns_record>& records, dns_type type,
                              const std::string& name) {
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const dns_record& r) { return r.type == type && r.name == name; });
    return found == records.end() ? nullptr : &*found;
}

std::unexpected<error> no_answer(const std::string& name, dns_type type, dns_rcode code) {
    return fail(errc::refused,
                fmt::format("the DNS resolver answers {} when asked for {}", explain(code), to_string(type)),
                name);
}

bool says_something(dns_rcode code) noexcept {
    return code == dns_rcode::no_error || code == dns_rcode::name_error;
}

/// Adds the addresses of one kind; what goes wrong is words in `trouble`.
awaitable<void> add_addresses(dns_client& client, name_server& server, dns_type type, std::uint16_t port) {
    const dns_question question(server.name, type);
    const auto answer = co_await client.resolve(question);
    std::string why;
    if (!answer) {
        why = answer.error().message;
    } else if (!says_something(answer->code)) {
        why = fmt::format("the resolver answers {}", explain(answer->code));
    } else {
        std::size_t room = most_addresses / 2;
        for (const dns_record& r : answer->answers) {
            if (r.type == type && room > 0) {
                server.addresses.push_back(endpoint{r.value, port});
                --room;
            }
        }
    }
    if (!why.empty()) {
        server.trouble += fmt::format("{}its {} record cannot be looked up: {}",
                                      server.trouble.empty() ? "" : "; ", to_string(type), why);
    }
}

} // namespace

std::string explain(dns_rcode code) {
    switch (code) {
    case dns_rcode::server_failure:
        return "SERVFAIL (the zone's servers do not answer it, or its DNSSEC signatures are broken)";
    case dns_rcode::refused:
        return "REFUSED (it does not serve us, or not this zone)";
    case dns_rcode::not_authorised:
        return "NOTAUTH (the zone is not its own)";
    default:
        return to_string(code);
    }
}

awaitable<result<std::string>> follow_aliases(dns_client& client, std::string name) {
    auto first = tidy(name);
    if (!first) {
        co_return first;
    }
    std::vector<std::string> seen{std::move(*first)};
    while (seen.size() <= most_aliases + 1) {
        const dns_question question(seen.back(), dns_type::cname);
        const auto answer = co_await client.resolve(question);
        if (!answer) {
            co_return fail(answer.error().within("following the aliases of a name"));
        }
        if (!says_something(answer->code)) {
            co_return no_answer(seen.back(), dns_type::cname, answer->code);
        }
        const auto* alias = find_record(answer->answers, dns_type::cname, seen.back());
        if (alias == nullptr) {
            co_return seen.back();
        }
        if (std::find(seen.begin(), seen.end(), alias->value) != seen.end()) {
            co_return fail(errc::protocol, "the CNAME records of this name lead in a circle: mend the zone",
                           seen.front());
        }
        seen.push_back(alias->value);
    }
    co_return fail(errc::protocol,
                   fmt::format("the CNAME records of this name lead over more than {} others", most_aliases),
                   seen.front());
}

awaitable<result<std::string>> find_zone(dns_client& client, std::string name,
                                         std::optional<endpoint> server) {
    const auto whole = tidy(name);
    if (!whole) {
        co_return fail(whole.error());
    }
    for (std::string here = *whole; !here.empty(); here = parent(here)) {
        const dns_question question(here, dns_type::soa);
        result<dns_answer> answer;
        if (server) {
            answer = co_await client.ask(*server, question);
        } else {
            answer = co_await client.resolve(question);
        }
        if (!answer) {
            co_return fail(answer.error().within("looking for the zone of a name"));
        }
        if (!says_something(answer->code)) {
            if (server) {
                continue; // it may have nothing to say of a name, and all of one above it
            }
            co_return no_answer(here, dns_type::soa, answer->code);
        }
        if (find_record(answer->answers, dns_type::soa, here) != nullptr) {
            co_return here;
        }
        if (find_record(answer->answers, dns_type::cname, here) != nullptr) {
            continue; // what the answer says beyond is about another name
        }
        // "There is none" comes with the SOA of the zone that says so.
        for (const dns_record& r : answer->authority) {
            if (r.type == dns_type::soa && !r.name.empty() && is_at_or_above(r.name, here)) {
                co_return r.name;
            }
        }
    }
    co_return fail(errc::not_found,
                   server ? "this name is in no zone of the DNS server"
                          : "this name is in no zone that the DNS resolver knows of",
                   *whole);
}

awaitable<result<std::vector<name_server>>> authoritative_servers(dns_client& client, std::string zone,
                                                                  std::uint16_t port) {
    const auto apex = tidy(zone);
    if (!apex) {
        co_return fail(apex.error());
    }
    const dns_question question(*apex, dns_type::ns);
    const auto answer = co_await client.resolve(question);
    if (!answer) {
        co_return fail(answer.error().within("looking for the servers of a zone"));
    }
    if (!says_something(answer->code)) {
        co_return no_answer(*apex, dns_type::ns, answer->code);
    }
    std::vector<name_server> servers;
    for (const dns_record& r : answer->answers) {
        const auto known = [&](const name_server& s) { return s.name == r.value; };
        if (r.type == dns_type::ns && r.name == *apex && servers.size() < most_servers &&
            std::none_of(servers.begin(), servers.end(), known)) {
            servers.emplace_back().name = r.value;
        }
    }
    if (servers.empty()) {
        co_return fail(errc::not_found, "the DNS resolver knows no NS records of this zone", *apex);
    }
    std::vector<awaitable<void>> tasks;
    for (name_server& server : servers) {
        tasks.push_back(add_addresses(client, server, dns_type::a, port));
        tasks.push_back(add_addresses(client, server, dns_type::aaaa, port));
    }
    co_await at_once(std::move(tasks));
    for (name_server& server : servers) {
        std::sort(server.addresses.begin(), server.addresses.end());
        if (server.addresses.empty() && server.trouble.empty()) {
            server.trouble = "it has no address";
        }
    }
    co_return servers;
}

} // namespace evercert::dns
