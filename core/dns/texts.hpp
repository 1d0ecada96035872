#pragma once
// The TXT records that each server of a zone has at a name: a CA asks any of them.
#include "core/dns/authority.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace evercert::dns {

enum class hearing {
    answers,     ///< for the zone: with texts, or without any
    lame,        ///< it answers, but not for the zone itself
    refuses,     ///< REFUSED, SERVFAIL, garbage
    silent,      ///< no answer in time
    unreachable, ///< there is no way to it from here, nobody listens, or it has no address
};

struct server_texts {
    std::string server;            ///< its name; empty for the resolver
    std::optional<endpoint> where; ///< unless the server has no address
    hearing heard = hearing::unreachable;
    std::vector<std::string> texts; ///< foreign; at most 64; the resolver's and a lame server's too
    std::string alias;              ///< where a CNAME at the name leads; or empty
    std::string trouble;            ///< unless it answers: words that follow its name; or empty

    /// "ns1.example.net (192.0.2.1:53)".
    [[nodiscard]] std::string title() const;
};

struct zone_texts {
    std::string zone;
    std::vector<server_texts> servers;
};

struct zone_servers {
    std::string zone;
    std::vector<name_server> servers;
};

/// The servers of the zone that holds `name`. Errors are those of find_zone and authoritative_servers.
awaitable<result<zone_servers>> find_servers(dns_client& client, std::string name, std::uint16_t port = 53);

/// Asks each address of each server once, side by side. If none of them is heard (a firewall that lets only
/// the resolver out), the resolver is asked. Aliases are not followed.
awaitable<zone_texts> read_texts(dns_client& client, zone_servers from, std::string name);

} // namespace evercert::dns
