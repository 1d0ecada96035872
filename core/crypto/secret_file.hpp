#pragma once
// Small files that hold a secret.
#include "core/base/error.hpp"
#include "core/crypto/secret.hpp"

#include <cstddef>
#include <string>

namespace evercert::crypto {

/// The content, read into one buffer so that no copy is left behind. `place` is what messages call the file.
/// Blocks: for a worker, or at configuration time. errc::not_found, io (also: no plain file), too_large.
result<secret> read_secret_file(const std::string& path, std::size_t limit, const std::string& place);

} // namespace evercert::crypto
