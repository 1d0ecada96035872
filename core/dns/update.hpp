#pragma once
// Updates as bytes (RFC 2136). No I/O.
#include "core/ports/dns_client.hpp"

#include <string>
#include <string_view>

namespace evercert::dns {

/// Without a signature; removals come first, so that what is in both lists is there afterwards.
/// errc::invalid_argument for a name that is none, or a value of more than 255 bytes.
result<std::string> make_update(const dns_update& what, unsigned id);

/// Whether these bytes answer that update: id and kind, and the zone if the answer repeats it.
bool answers_update(std::string_view update, std::string_view bytes);

} // namespace evercert::dns
