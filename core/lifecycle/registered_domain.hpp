#pragma once
// What a CA counts names under when it limits "per registered domain". libpsl's only door.
#include "core/model/identifier.hpp"

#include <string>

namespace evercert::lifecycle {

/// Of a DNS name: the public suffix and one label more ("example.co.uk"), private suffixes included
/// ("me.github.io"); a wildcard counts as its base, and a name that is a public suffix itself counts as
/// itself. Of IPv4: the address. Of IPv6: the /64 it lies in, as RFC 5952 writes it ("2001:db8:0:1::/64").
/// Never empty.
///
/// The list is the newer one of libpsl's own and the system's file (package publicsuffix), read once, at the
/// first call. Without any list the last two labels are taken. About 1 us.
std::string registered_domain(const identifier& name);

} // namespace evercert::lifecycle
