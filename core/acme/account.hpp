#pragma once
// Account objects and the requests that make them (RFC 8555 sections 7.1.2, 7.3).
#include "core/acme/client.hpp"
#include "core/json/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::acme {

enum class account_status { valid, deactivated, revoked, unknown };

/// Asks whether the key has an account, and never makes one (section 7.3.1).
std::string account_lookup_payload();
/// Registers. `eab` is the finished inner JWS, or empty. (The registration's own binding is not looked at.)
std::string account_payload(const registration& terms, std::string_view eab);

/// Replaces all contacts (section 7.3.2).
std::string contacts_payload(const std::vector<std::string>& mail_addresses);
/// What the new key signs in a key change (section 7.3.5).
std::string key_change_payload(std::string_view account_url, const crypto::key& old_key);

/// The only thing of an account object that matters here; a body without a usable status counts as valid,
/// because some CAs send none.
account_status read_account_status(std::string_view body);
/// For people: what is missing, of a wrong type or unreasonably long is left out.
account_details read_account_details(const json::value& object, std::string account_url);

} // namespace evercert::acme
