#include "core/dns/texts.hpp"

#include "core/dns/at_once.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace evercert::dns {
namespace {

constexpr std::size_t most_texts = 64;

void take_failure(const error& why, server_texts& into) {
    switch (why.code) {
    case errc::timed_out:
        into.heard = hearing::silent;
        into.trouble = "did not answer in time";
        break;
    case errc::network:
        into.heard = hearing::unreachable;
        into.trouble = "cannot be reached from here: " + why.message;
        break;
    default:
        into.heard = hearing::refuses;
        into.trouble = "gives no usable answer: " + why.message;
    }
}

void take_answer(dns_answer answer, const std::string& name, server_texts& into) {
    const bool resolver = !into.where;
    if (answer.code != dns_rcode::no_error && answer.code != dns_rcode::name_error) {
        into.heard = hearing::refuses;
        into.trouble = "answers " + explain(answer.code);
        return;
    }
    for (dns_record& r : answer.answers) {
        // A resolver's answer goes on behind an alias.
        if (r.type == dns_type::txt && (r.name == name || resolver) && into.texts.size() < most_texts) {
            into.texts.push_back(std::move(r.value));
        } else if (r.type == dns_type::cname && r.name == name) {
            into.alias = std::move(r.value);
        }
    }
    into.heard = answer.authoritative || resolver ? hearing::answers : hearing::lame;
    if (into.heard == hearing::lame) {
        into.trouble = "does not answer for the zone itself (a lame delegation)";
    }
}

awaitable<void> read_one(dns_client& client, server_texts& into, std::string name) {
    const dns_question question(name, dns_type::txt);
    result<dns_answer> answer;
    if (into.where) {
        answer = co_await client.ask(*into.where, question);
    } else {
        answer = co_await client.resolve(question);
    }
    if (answer) {
        take_answer(std::move(*answer), name, into);
    } else {
        take_failure(answer.error(), into);
    }
}

bool unheard(const server_texts& one) noexcept {
    return one.heard == hearing::silent || one.heard == hearing::unreachable;
}

} // namespace

std::string server_texts::title() const {
    const std::string who = server.empty() ? "the resolver" : server;
    return where ? fmt::format("{} ({})", who, to_string(*where)) : who;
}

awaitable<result<zone_servers>> find_servers(dns_client& client, std::string name, std::uint16_t port) {
    auto zone = co_await find_zone(client, std::move(name));
    if (!zone) {
        co_return fail(std::move(zone.error()));
    }
    auto servers = co_await authoritative_servers(client, *zone, port);
    if (!servers) {
        co_return fail(std::move(servers.error()));
    }
    zone_servers found;
    found.zone = std::move(*zone);
    found.servers = std::move(*servers);
    co_return found;
}

awaitable<zone_texts> read_texts(dns_client& client, zone_servers from, std::string name) {
    zone_texts out;
    out.zone = std::move(from.zone);
    for (const name_server& server : from.servers) {
        for (const endpoint& where : server.addresses) {
            server_texts& one = out.servers.emplace_back();
            one.server = server.name;
            one.where = where;
        }
    }
    std::vector<awaitable<void>> tasks;
    for (server_texts& one : out.servers) {
        tasks.push_back(read_one(client, one, name));
    }
    co_await at_once(std::move(tasks));
    const bool nobody = std::all_of(out.servers.begin(), out.servers.end(), unheard);
    for (const name_server& server : from.servers) {
        if (server.addresses.empty()) {
            server_texts& one = out.servers.emplace_back();
            one.server = server.name;
            one.trouble = "cannot be asked: " + server.trouble;
        }
    }
    if (nobody) {
        server_texts resolver;
        co_await read_one(client, resolver, name);
        out.servers.push_back(std::move(resolver));
    }
    co_return out;
}

} // namespace evercert::dns
