#pragma once
// Whether a TXT record is at all servers of its zone: a CA asks any of them.
#include "core/dns/texts.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace evercert::dns {

enum class sight {
    shown,       ///< the value is there, beside others or alone
    others,      ///< the name has other TXT values, or an alias, and not this
    nothing,     ///< the name has no TXT record
    refuses,     ///< it answers, but not for this zone: REFUSED, SERVFAIL, not authoritative, garbage
    silent,      ///< no answer in time
    unreachable, ///< there is no way to it from here, nobody listens, or it has no address
};
std::string_view to_string(sight what) noexcept; ///< "unreachable"

struct sighting {
    std::string server;            ///< its name; empty for the resolver
    std::optional<endpoint> where; ///< unless the server has no address
    sight what = sight::unreachable;
    std::string words; ///< for an operator: "ns1.example.net (192.0.2.1:53) does not have the record yet"
};

struct look {
    std::string zone;
    std::vector<sighting> sightings;

    /// At least one shows the value, and of those that answer for the zone none does without it. Servers that
    /// refuse, or that nobody here can reach, are not waited for: a CA's resolver passes them over as well.
    [[nodiscard]] bool everywhere() const noexcept;
    /// All words in one line, those that matter most first.
    [[nodiscard]] std::string words() const;
};

/// What a server has instead of what is looked for, in words that follow its name ("has another ..."); empty
/// if it is among its texts, of which there is at least one.
using text_test = std::function<std::string(const std::vector<std::string>& texts)>;

/// What was read at all servers, judged. Pure.
look judge(const zone_texts& read, const text_test& test);

/// Looks for a value at each server of the zone of `name`, as read_texts does. Follow aliases first. Errors
/// are those of finding the servers.
awaitable<result<look>> look_everywhere(dns_client& client, std::string name, std::string value,
                                        std::uint16_t port = 53);

struct wait_pace {
    milliseconds patience = seconds(120);
    milliseconds pace = seconds(2); ///< between two looks
    std::uint16_t port = 53;
};

/// Looks until the value is everywhere. A server that answered before and is silent now still counts as it
/// answered. When patience ends: errc::timed_out with what each server said, or what hindered looking.
/// Cancellable.
awaitable<result<look>> wait_until_everywhere(dns_client& client, time_source& time, std::string name,
                                              std::string value, wait_pace how);

} // namespace evercert::dns
