#pragma once
// Account objects and the requests that make them (RFC 8555 sections 7.1.2, 7.3).
#include "core/acme/client.hpp"

#include <string>
#include <string_view>

namespace evercert::acme {

enum class account_status { valid, deactivated, revoked, unknown };

/// Asks whether the key has an account, and never makes one (section 7.3.1).
std::string account_lookup_payload();
/// Registers. `eab` is the finished inner JWS, or empty. (The registration's own binding is not looked at.)
std::string account_payload(const registration& terms, std::string_view eab);

/// The only thing of an account object that matters here; a body without a usable status counts as valid,
/// because some CAs send none.
account_status read_account_status(std::string_view body);

} // namespace evercert::acme
