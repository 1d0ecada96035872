#pragma once
#include "core/base/error.hpp"

#include <string_view>
#include <vector>

namespace evercert::daemon {

/// A revocation reason by name (case does not matter) or number. What RFC 5280 section 5.3.1 lets the owner
/// of a certificate say is taken: unspecified 0, keyCompromise 1, affiliationChanged 3, superseded 4,
/// cessationOfOperation 5, privilegeWithdrawn 9; whether the CA takes it is for the CA to say. Anything else
/// is errc::invalid_argument: the codes that only CAs set with a sentence why, the rest with the list.
result<int> parse_reason(std::string_view text);

/// Those that are taken.
std::vector<std::string_view> reason_names();

} // namespace evercert::daemon
