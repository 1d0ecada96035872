#pragma once
// Who answers for a name: where aliases lead, which zone it is in, and which servers have that zone. Only
// what the DNS itself says, asked through the port; names are written as in dns_record.
#include "core/ports/dns_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace evercert::dns {

/// The name at the end of the CNAMEs that begin at `name`: where a record has to be written for it to be
/// found at `name`. It need not exist. Errors: protocol (a loop, or more than 16 aliases), refused (the
/// resolver says neither yes nor no), and the client's own.
awaitable<result<std::string>> follow_aliases(dns_client& client, std::string name);

/// The zone that holds `name`, whether that exists or not: the nearest name at or above it with an SOA
/// (RFC 1034 section 4.3.4, RFC 2308 section 3). Aliases are not followed. errc::not_found if there is only
/// the root, which holds nobody's records. With `server` that one is asked for what it has itself, as a
/// primary that resolvers do not see.
awaitable<result<std::string>> find_zone(dns_client& client, std::string name,
                                         std::optional<endpoint> server = {});

struct name_server {
    std::string name;
    std::vector<endpoint> addresses; ///< IPv4 and IPv6; empty if none was found
    std::string trouble;             ///< for an operator: what of its addresses could not be found; or empty
};

/// The servers of a zone as its NS records name them, at most 20, each with at most 4 addresses.
/// errc::not_found if there are none.
awaitable<result<std::vector<name_server>>> authoritative_servers(dns_client& client, std::string zone,
                                                                  std::uint16_t port = 53);

/// What may be said of an rcode that helps nobody: "SERVFAIL (...)".
std::string explain(dns_rcode code);

} // namespace evercert::dns
