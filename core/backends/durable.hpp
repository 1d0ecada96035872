#pragma once
// The steps of a durable write. Where a function takes a folder it works on names in it, never on longer
// paths. `shown` is the absolute path for messages. Source: reference on fsync failures: an fsync that failed
// is never tried again on the same descriptor, because the kernel may have marked the lost pages clean.
#include "core/backends/unique_fd.hpp"
#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::backends {

/// A fresh name that starts with leftover_prefix.
std::string leftover_name();

/// A new file with exactly this mode whatever the umask, and never a wider one. errno EEXIST is errc::exists.
result<unique_fd> create_file(int folder, const std::string& name, unsigned mode, std::string_view shown);
result<void> write_all(int fd, std::string_view bytes, std::string_view shown);
/// fsync.
result<void> sync(int fd, std::string_view shown);
/// Lets the disk begin: several files started first and synced afterwards share one journal commit.
void start_writeback(int fd) noexcept;

enum class temporary { unnamed_if_possible, named };

/// Creates or replaces a regular file by one rename; its contents are synced, the folder is not. On failure
/// nothing is left.
result<void> replace_file(int folder, const std::string& name, std::string_view bytes, unsigned mode,
                          std::string_view shown, temporary kind = temporary::unnamed_if_possible);

/// Opens a folder in `folder`, making it with mode 0700 if it is missing; `made` tells.
result<unique_fd> open_or_make_folder(int folder, const std::string& name, std::string_view shown,
                                      bool& made);

/// Everything in a folder but "." and "..", in no order.
result<std::vector<std::string>> names_in(int folder, std::string_view shown);
/// Removes a file, link or folder with all below it. Success if there is none.
result<void> remove_tree(int folder, const std::string& name, std::string_view shown);
/// Removes the leftovers in a folder and everything below it, as far as it can: those that stay are never
/// seen.
void sweep_leftovers(int folder) noexcept;

} // namespace evercert::backends
