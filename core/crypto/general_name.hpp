#pragma once
// Internal to core/crypto: names as requests and certificates carry them (RFC 5280 section 4.2.1.6).
#include "core/crypto/handles.hpp"
#include "core/model/identifier.hpp"

namespace evercert::crypto {

/// A dNSName or an iPAddress; nullptr for an address that is none. Throws as `require`.
general_name_handle to_general_name(const identifier& name);

} // namespace evercert::crypto
