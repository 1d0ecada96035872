#pragma once
// The kernel's Landlock: a process gives up rights to files, for itself and its children, for good.
// Source: landlock(7) and the kernel's userspace-api/landlock.
#include "core/base/error.hpp"

#include <string>
#include <vector>

namespace evercert::daemon {

/// The version of the interface that the kernel has in force; 0: none.
int landlock_version() noexcept;
/// Before this version truncate(2) is not restricted.
inline constexpr int landlock_with_truncate = 3;

/// From now on this thread, and every thread and program that it starts, writes only below `writable` and to
/// /dev/null, and executes nothing; reading is left as it is. Folders that do not exist are left out. Version
/// 2 is the least: before it, a store could not link a file into another folder. errc::unsupported without
/// it, errc::io if the kernel refuses; then nothing was given up.
result<void> restrict_files(const std::vector<std::string>& writable);

} // namespace evercert::daemon
