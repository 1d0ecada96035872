#pragma once
// Link header fields (RFC 8288): several fields, comma lists, quoted parameters.
#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

/// The targets of all links that have the relation `relation` (compared without case), made absolute against
/// `base`, in the order given, at most `limit`. Malformed parts are skipped; targets are foreign: give them
/// to accept_url.
std::vector<std::string> links_of(const std::vector<std::string_view>& fields, std::string_view relation,
                                  std::string_view base, std::size_t limit = 10);

} // namespace evercert::acme
