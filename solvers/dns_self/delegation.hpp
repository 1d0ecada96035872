#pragma once
// Whether the DNS leads to our own name server, and which records make it so.
#include "core/ports/dns_client.hpp"
#include "solvers/dns_self/own_zone.hpp"

#include <string>
#include <string_view>

namespace evercert::solvers {

/// What an operator adds so that a challenge is answered here, in zone file syntax. `record` is where the CA
/// looks, `domain` what it proves.
std::string delegation_help(const own_zone_settings& settings, std::string_view domain,
                            std::string_view record);

/// Whether `target`, where the aliases from the CA's name end, is in a zone of ours as the DNS sees it.
/// Errors say what is there instead: errc::not_found, and the client's own.
awaitable<result<void>> check_delegation(dns_client& dns, const own_zone& zone, std::string record,
                                         std::string target);

} // namespace evercert::solvers
