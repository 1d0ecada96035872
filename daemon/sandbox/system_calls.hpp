#pragma once
// A filter of system calls inside the process (seccomp), besides the one that systemd may have set.
#include "core/base/error.hpp"

namespace evercert::daemon {

/// From now on no thread of this process starts a program, looks into other processes, mounts, loads code
/// into the kernel, changes namespaces or uses io_uring, which goes past such filters: such calls fail with
/// EPERM. For good, for all threads. errc::unsupported if the kernel has no filters; then nothing was given
/// up.
result<void> filter_system_calls();

} // namespace evercert::daemon
