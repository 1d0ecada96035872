#pragma once
// Whether a TXT record is at all servers of its zone: a CA asks any of them.
#include "core/dns/authority.hpp"

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

/// Asks each address of each server of the zone of `name` once, side by side. Follow aliases first. If none
/// of them answers (a firewall that lets only the resolver out), the resolver is asked. Errors are those of
/// finding the servers.
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
