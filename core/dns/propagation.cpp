#include "core/dns/propagation.hpp"

#include "core/base/text.hpp"
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

sight sight_of(hearing heard) noexcept {
    switch (heard) {
    case hearing::silent:
        return sight::silent;
    case hearing::unreachable:
        return sight::unreachable;
    default:
        return sight::refuses;
    }
}

sighting judge_one(const server_texts& one, const text_test& test) {
    sighting s;
    s.server = one.server;
    s.where = one.where;
    const std::string instead = one.texts.empty() ? std::string() : test(one.texts);
    std::string words = one.trouble;
    if (!one.texts.empty() && instead.empty()) {
        s.what = sight::shown; // a forwarder's word is good when it is yes
        words = "shows the record";
    } else if (one.heard != hearing::answers) {
        s.what = sight_of(one.heard);
    } else if (!one.texts.empty()) {
        s.what = sight::others;
        words = instead;
    } else if (!one.alias.empty()) {
        s.what = sight::others;
        words = fmt::format("has an alias to {} in the record's place", one.alias);
    } else {
        s.what = sight::nothing;
        words = "does not have the record yet";
    }
    s.words = one.title() + " " + words;
    return s;
}

text_test is_value(std::string value) {
    return [value = std::move(value)](const std::vector<std::string>& texts) {
        if (std::find(texts.begin(), texts.end(), value) != texts.end()) {
            return std::string();
        }
        return fmt::format("has another TXT record (\"{}\") and not this one yet", escape(texts.back(), 60));
    };
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

look judge(const zone_texts& read, const text_test& test) {
    look out;
    out.zone = read.zone;
    for (const server_texts& one : read.servers) {
        out.sightings.push_back(judge_one(one, test));
    }
    return out;
}

awaitable<result<look>> look_everywhere(dns_client& client, std::string name, std::string value,
                                        std::uint16_t port) {
    const auto wire = name_to_wire(name);
    if (!wire) {
        co_return fail(wire.error());
    }
    const std::string tidy = name_to_text(*wire);
    auto found = co_await find_servers(client, tidy, port);
    if (!found) {
        co_return fail(found.error());
    }
    const zone_texts read = co_await read_texts(client, std::move(*found), tidy);
    const text_test wanted = is_value(std::move(value));
    co_return judge(read, wanted);
}

awaitable<result<look>> wait_until_everywhere(dns_client& client, time_source& time, std::string name,
                                              std::string value, wait_pace how) {
    const auto wire = name_to_wire(name);
    if (!wire) {
        co_return fail(wire.error());
    }
    const std::string tidy = name_to_text(*wire);
    const text_test wanted = is_value(std::move(value));
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
            const zone_texts read = co_await read_texts(client, *where, tidy);
            look now = judge(read, wanted);
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
