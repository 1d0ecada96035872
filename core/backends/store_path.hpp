#pragma once
// Paths of the store: how they look, and opening them so that nothing can lead out of the root.
#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::backends {

/// One component: [A-Za-z0-9._-]+, at most 255 bytes, not "." or "..", no leftover.
[[nodiscard]] bool is_component(std::string_view name) noexcept;
/// errc::invalid_argument unless the path is components joined by "/", at most 1024 bytes and 16 deep.
result<void> check_path(std::string_view path);
std::vector<std::string> components(std::string_view path);
/// "a/b/c" is "a/b" and "c"; "c" is "" and "c".
std::pair<std::string, std::string> split_path(std::string_view path);

/// openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or one component after another where the kernel (or
/// a sandbox) has no openat2. `path` has been checked; "" is the root itself. -1 with errno on failure: a
/// symbolic link anywhere in the path is ELOOP or ENOTDIR.
int open_beneath(int root, const std::string& path, int flags) noexcept;
int open_by_component(int root, const std::string& path, int flags) noexcept;

/// The error for errno after a failed call on `shown` (an absolute path); says so when something is in the
/// way.
error file_error(int errno_value, std::string_view action, std::string_view shown);

} // namespace evercert::backends
