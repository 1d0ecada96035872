#pragma once
#include "core/preflight/inquiry.hpp"

namespace evercert::survey {

/// Whether there is a zone, with servers that answer for it, where a DNS challenge has its record
/// ("delegation"). Gives the name at the end of the aliases, or nothing if there is no place for a record.
awaitable<std::string> look_at_delegation(const inquiry& in, look& out, identifier name);

} // namespace evercert::survey
