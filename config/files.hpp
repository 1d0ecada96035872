#pragma once
#include "core/base/error.hpp"

#include <cstddef>
#include <string>

namespace evercert::config {

/// The whole file, of at most `limit` bytes (errc::too_large). With `regular_only`, pipes and devices are
/// refused without waiting for them. The message does not name the path.
result<std::string> read_file(const std::string& path, std::size_t limit, bool regular_only);

/// Why `path` cannot be a PEM file of certificates; empty if it can.
std::string trust_trouble(const std::string& path);
/// Why `path` cannot hold an HMAC key in base64url; empty if it can, and if it is others' to read. What the
/// file holds is never shown.
std::string hmac_key_trouble(const std::string& path);
/// Why no secret can be read from `path` now; empty if one can. Nothing is read.
std::string secret_trouble(const std::string& path);
/// Why the first line of `path` cannot be a password; empty if it can, and if it is others' to read.
std::string password_trouble(const std::string& path);

} // namespace evercert::config
