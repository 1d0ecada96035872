#pragma once
// The daemon's data_dir as seen by a root process that does not trust the data_dir's owner.
#include "core/ports/store.hpp"

#include <memory>
#include <string>

namespace evercert::daemon {

/// A store to read from: the folder is opened once and held, everything is looked up beneath it, and no
/// symbolic link is ever followed. Only regular files are read, only those that belong to whoever the folder
/// belongs to (a hard link may lead to somebody else's secret), and none longer than 1 MiB, whatever the
/// caller's limit; a FIFO is not waited for. Listings are bounded as well. Verbs that write are
/// errc::invalid_argument.
///
/// Nothing is locked: what is read may be of two instants, and has to be checked as a whole (live_set.hpp).
/// Errors: errc::not_found if there is no such folder, errc::refused if its path is not to be trusted.
result<std::unique_ptr<store>> open_held_store(const std::string& data_dir);

} // namespace evercert::daemon
