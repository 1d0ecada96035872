#pragma once
#include "core/ports/store.hpp"

#include <memory>

namespace evercert::backends {

/// Opens (and makes, 0700) `root` and locks it. What interrupted writes left behind is removed from a folder
/// when it is written to next: opening takes no longer for 100,000 certificates than for one. errc::busy if
/// another daemon holds it, naming its pid; errc::invalid_argument if others may write into it. The lock is
/// released with the object, and by the kernel if the process dies. `lock` in the root is ours and no path of
/// the store.
///
/// What core/ports/store.hpp leaves open: missing folders are made by write_set and switch_link too; list("")
/// is the root; something of the wrong kind in the way (symbolic link, folder, FIFO) is errc::corrupted and
/// never followed or replaced.
result<std::unique_ptr<store>> open_filesystem_store(const std::string& root);

} // namespace evercert::backends
