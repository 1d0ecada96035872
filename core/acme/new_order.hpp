#pragma once
// What may stand in the way of a new order besides its names: the profile, and the certificate it replaces.
#include "core/acme/directory.hpp"
#include "core/acme/problem.hpp"

#include <string_view>

namespace evercert::acme {

/// Whether a refused newOrder that had `replaces` may do without it (RFC 9773 section 5): alreadyReplaced and
/// any conflict, and refusals that CAs are known to give for a certificate they do not know, of another
/// account or without a common name (malformed, unauthorized, serverInternal, or a type of their own). Not
/// when the CA blames something else or wants to be left alone.
bool may_blame_replaces(const failure& refused) noexcept;

/// That the directory does not list this profile; says which it lists. `issuer` is its name in our settings.
failure profile_not_listed(const directory& from, std::string_view issuer, std::string_view profile);

} // namespace evercert::acme
