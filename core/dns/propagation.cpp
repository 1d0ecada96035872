#include "core/dns/propagation.hpp"

#include "core/base/text.hpp"
#include "core/dns/at_once.hpp"
#include "core/dns/wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::dns {
namespace {

bool answered(sight what) noexcept {
    return what == sight::shown || what == sight::others || what == sight::nothing;
}

bool heard(sight what) noexcept {
    return what != sight::silent && what != sight::unreachable;
}

struct finding {
    sight what;
    std::string words;
};

finding judge_failure(const error& why) {
    switch (why.code) {
    case errc::timed_out:
        return {sight::silent, "did not answer in time"};
    case errc::network:
        return {sight::unreachable, "cannot be reached from here: " + why.message};
    default:
        return {sight::refuses, "gives no usable answer: " + why.message};
    }
}

finding judge_answer(const dns_answer& answer, const std::string& name, const std::string& value,
                     bool resolver) {
    if (answer.code != dns_rcode::no_error && answer.code != dns_rcode::name_error) {
        return {sight::refuses, "answers " + explain(answer.code)};
    }
    std::string other;
    for (const dns_record& r : answer.answers) {
        // A resolver's answer goes on behind an alias.
        const bool here = r.name == name || resolver;
        if (r.type == dns_type::txt && here && r.value == value) {
            return {sight::shown, "shows the record"};
        }
        if (r.type == dns_type::txt && here) {
            other = fmt::format("has another TXT record (\"{}\") and not this one yet", escape(r.value, 60));
        } else if (r.type == dns_type::cname && r.name == name && other.empty()) {
            other = fmt::format("has an alias to {} in the record's place", r.value);
        }
    }
    if (!answer.authoritative && !resolver) {
        return {sight::refuses, "does not answer for the zone itself (a lame delegation)"};
    }
    if (!other.empty()) {
        return {sight::others, other};
    }
    return {sight::nothing, "does not have the record yet"};
}

std::string titled(const sighting& s) {
    const std::string who = s.server.empty() ? "the resolver" : s.server;
    return s.where ? fmt::format("{} ({})", who, to_string(*s.where)) : who;
}

awaitable<void> look_at(dns_client& client, sighting& into, std::string name, std::string value) {
    const dns_question question(name, dns_type::txt);
    result<dns_answer> answer;
    if (into.where) {
        answer = co_await client.ask(*into.where, question);
    } else {
        answer = co_await client.resolve(question);
    }
    auto found = answer ? judge_answer(*answer, name, value, !into.where) : judge_failure(answer.error());
    into.what = found.what;
    into.words = titled(into) + " " + found.words;
}

awaitable<look> look_at_all(dns_client& client, std::string zone, std::vector<name_server> servers,
                            std::string name, std::string value) {
    look out;
    out.zone = std::move(zone);
    for (const name_server& server : servers) {
        for (const endpoint& where : server.addresses) {
            sighting s;
            s.server = server.name;
            s.where = where;
            out.sightings.push_back(std::move(s));
        }
    }
    std::vector<awaitable<void>> tasks;
    for (sighting& s : out.sightings) {
        tasks.push_back(look_at(client, s, name, value));
    }
    co_await at_once(std::move(tasks));
    const bool nobody = std::none_of(out.sightings.begin(), out.sightings.end(),
                                     [](const sighting& s) { return heard(s.what); });
    for (const name_server& server : servers) {
        if (server.addresses.empty()) {
            sighting s;
            s.server = server.name;
            s.words = fmt::format("{} cannot be asked: {}", server.name, server.trouble);
            out.sightings.push_back(std::move(s));
        }
    }
    if (nobody) {
        sighting s;
        co_await look_at(client, s, name, value);
        out.sightings.push_back(std::move(s));
    }
    co_return out;
}

struct zone_servers {
    std::string zone;
    std::vector<name_server> servers;
};

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

/// A server that was heard before is not forgotten because a packet was lost.
void remember(look& now, const look& before) {
    for (sighting& s : now.sightings) {
        const auto same = [&](const sighting& b) { return b.server == s.server && b.where == s.where; };
        const auto found = std::find_if(before.sightings.begin(), before.sightings.end(), same);
        if (found != before.sightings.end() && answered(found->what) && !heard(s.what)) {
            s = *found;
        }
    }
}

} // namespace

std::string_view to_string(sight what) noexcept {
    switch (what) {
    case sight::shown:
        return "shown";
    case sight::others:
        return "others";
    case sight::nothing:
        return "nothing";
    case sight::refuses:
        return "refuses";
    case sight::silent:
        return "silent";
    case sight::unreachable:
        return "unreachable";
    }
    return "unknown";
}

bool look::everywhere() const noexcept {
    bool somewhere = false;
    for (const sighting& s : sightings) {
        if (s.what == sight::others || s.what == sight::nothing) {
            return false;
        }
        somewhere = somewhere || s.what == sight::shown;
    }
    return somewhere;
}

std::string look::words() const {
    std::vector<std::string> all;
    for (const sight what :
         {sight::others, sight::nothing, sight::refuses, sight::silent, sight::unreachable, sight::shown}) {
        for (const sighting& s : sightings) {
            if (s.what == what) {
                all.push_back(s.words);
            }
        }
    }
    return join(all, "; ");
}

awaitable<result<look>> look_everywhere(dns_client& client, std::string name, std::string value,
                                        std::uint16_t port) {
    const auto wire = name_to_wire(name);
    if (!wire) {
        co_return fail(wire.error());
    }
    const std::string tidy = name_to_text(*wire);
    const auto found = co_await find_servers(client, tidy, port);
    if (!found) {
        co_return fail(found.error());
    }
    co_return co_await look_at_all(client, found->zone, found->servers, tidy, std::move(value));
}

awaitable<result<look>> wait_until_everywhere(dns_client& client, time_source& time, std::string name,
                                              std::string value, wait_pace how) {
    const auto wire = name_to_wire(name);
    if (!wire) {
        co_return fail(wire.error());
    }
    const std::string tidy = name_to_text(*wire);
    const steady_time end = time.steady_now() + how.patience;
    std::optional<zone_servers> where;
    std::optional<look> before;
    error hindered(errc::timed_out, "");
    for (;;) {
        if (!where) {
            auto found = co_await find_servers(client, tidy, how.port);
            if (found) {
                where = std::move(*found);
            } else {
                hindered = std::move(found.error());
            }
        }
        if (where) {
            look now = co_await look_at_all(client, where->zone, where->servers, tidy, value);
            if (before) {
                remember(now, *before);
            }
            if (now.everywhere()) {
                co_return now;
            }
            before = std::move(now);
        }
        if (time.steady_now() + how.pace > end) {
            break;
        }
        co_await sleep_for(time, how.pace);
    }
    if (!before) {
        co_return fail(hindered.within("the DNS servers that should show the TXT record cannot be found"));
    }
    co_return fail(errc::timed_out,
                   fmt::format("after {} the TXT record of {} is not at all DNS servers of {}: {}",
                               format_duration(how.patience), tidy, before->zone, before->words()));
}

} // namespace evercert::dns
