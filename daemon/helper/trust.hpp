#pragma once
// Whether a file is one that only root can have a say in.
#include "core/base/error.hpp"

#include <string>

namespace evercert::daemon {

/// `path` (absolute) leads to a regular file that belongs to root and that neither group nor others may write
/// to, and so does every folder on the way, from "/" on; a sticky folder such as /tmp is no exception.
/// Symbolic links are resolved step by step: each must belong to root and lie in such a folder. Every step is
/// looked at through a descriptor that is held, so that what holds now holds until root changes it.
///
/// Access lists count as well: what they give to others stands in the group's bits. Blocks, for a few
/// lookups. errc::refused names what is not to be trusted, its owner and mode, and the mend; errc::not_found
/// if something is missing.
result<void> check_trusted(const std::string& path);

} // namespace evercert::daemon
