#pragma once
// Where a CA looks for the TXT record, and what it has to say. Pure.
#include "core/model/identifier.hpp"

#include <string>
#include <string_view>

namespace evercert::solvers {

/// "_acme-challenge.example.com" (RFC 8555 section 8.4).
std::string challenge_record(const identifier& name);
/// "_ujmmovf2vn55tgye._acme-challenge.example.com": a name of its own for each account, so that several
/// clients can prove the same name (draft-ietf-acme-dns-account-label-02 section 3).
std::string account_record(const identifier& name, std::string_view account_url);
/// What both hold: 43 characters (RFC 8555 section 8.4).
std::string record_value(std::string_view key_authorization);

} // namespace evercert::solvers
