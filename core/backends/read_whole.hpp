#pragma once
#include "core/backends/durable.hpp"
#include "core/base/error.hpp"

#include <cstddef>
#include <string>

namespace evercert::backends {

/// All of an open file, which had `size` bytes a moment ago: into one buffer that never grows, so that no
/// copy of a key is left behind; what was read is wiped where it is not returned. errc::io if it is longer or
/// shorter by now.
result<std::string> read_whole(int fd, std::size_t size, const shown_path& shown);

} // namespace evercert::backends
