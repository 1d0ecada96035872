#pragma once
// The key that signs updates, as BIND's tsig-keygen and Knot's keymgr write it.
#include "core/base/error.hpp"
#include "core/ports/dns_client.hpp"

#include <string_view>

namespace evercert::solvers {

/// `key "name" { algorithm hmac-sha256; secret "base64"; };`, Knot's YAML (`- id:`, `algorithm:`, `secret:`),
/// or one line "[algorithm:]name:base64" as for nsupdate -y. errc::parse says what is missing, never what
/// stands there.
result<tsig_key> parse_tsig_key(std::string_view text);

} // namespace evercert::solvers
