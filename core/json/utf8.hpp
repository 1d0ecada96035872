#pragma once
// Internal to core/json.
#include <string>
#include <string_view>

namespace evercert::json {

/// `bytes` with every ill-formed part (RFC 3629: overlong, surrogate, out of range, cut off) replaced by
/// U+FFFD.
std::string repair_utf8(std::string_view bytes);
/// Whether all of `bytes` is well-formed UTF-8.
bool is_utf8(std::string_view bytes) noexcept;

} // namespace evercert::json
