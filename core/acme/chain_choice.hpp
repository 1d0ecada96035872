#pragma once
// Which of the chains a CA offers (RFC 8555 section 7.4.2) is the one an operator prefers.
#include <string>
#include <string_view>

namespace evercert::acme {

/// Whether the top of the chain (its last certificate) was issued by a CA of this common name, or has this
/// SHA-256 fingerprint (hex, with or without colons). False for a chain that cannot be parsed.
bool chain_matches(std::string_view chain_pem, std::string_view preferred);

} // namespace evercert::acme
