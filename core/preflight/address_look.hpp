#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// The addresses that the internet finds for a name, IPv6 first; an address stands for itself. Says what is
/// wrong with them ("address"), and what is wrong with the DNS ("dnssec", "delegation"). At most 8 a family.
awaitable<std::vector<std::string>> look_at_addresses(const inquiry& in, look& out, identifier name);

/// The same for the target of a redirect, without a word.
awaitable<std::vector<std::string>> addresses_of(const inquiry& in, std::string host);

} // namespace evercert::survey
