#pragma once
// Opens folders that an operator has named, so that nobody but the operator decides where they are.
#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace evercert::daemon {

/// How a folder that is missing is made. Without owner or group they are what the system gives it.
struct new_folder {
    std::optional<uid_t> owner{};
    std::optional<gid_t> group{};
    mode_t mode = 0755;
    std::string service{}; ///< for trouble.hpp
};

/// Opens the folder at `path` (absolute), one component after another from "/", each held while the next is
/// looked up. A symbolic link on the way is followed only if root or this process's user owns it and nobody
/// else can write to the folder it lies in, as with /var/run; any other one is refused, and named: whoever
/// can make links there could lead us anywhere.
///
/// With `make`, the last component is made if it is missing, unless others can write to the folder above.
/// Blocks. Errors name the component; errc::not_found if something is missing, errc::refused for a link.
result<unique_fd> open_folder(std::string_view path, const new_folder* make = nullptr);

/// The names on a path, one after another: "a//b/./c" is a, b, c.
std::deque<std::string> names_on(std::string_view path);

/// It belongs to root or to this process's user, and nobody else may write to it.
bool only_ours(const struct stat& what) noexcept;

} // namespace evercert::daemon
