#pragma once
// The steps of a durable write. Where a function takes a folder it works on names in it, never on longer
// paths. Source: reference on fsync failures: an fsync that failed is never tried again on the same
// descriptor, because the kernel may have marked the lost pages clean.
#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evercert::backends {

/// A path for messages, put together only when there is something to say. Views what it is made of.
class shown_path {
public:
    shown_path(const char* path) : path_(path) {}
    shown_path(const std::string& path) : path_(path) {}
    /// `root` is absolute, `path` and `name` continue it and may be empty.
    shown_path(std::string_view root, std::string_view path, std::string_view name = {})
        : root_(root), path_(path), name_(name) {}
    [[nodiscard]] std::string text() const;

private:
    std::string_view root_;
    std::string_view path_;
    std::string_view name_;
};

/// A new file to be written and read with exactly this mode whatever the umask, and never a wider one. errno
/// EEXIST is errc::exists.
result<unique_fd> create_file(int folder, const std::string& name, unsigned mode, const shown_path& shown);
/// The mode of what is open becomes exactly this.
result<void> set_mode(int fd, unsigned mode, const shown_path& shown);
result<void> write_all(int fd, std::string_view bytes, const shown_path& shown);
/// errc::corrupted unless the file is exactly these bytes.
result<void> check_contents(int fd, std::string_view bytes, const shown_path& shown);
/// fsync.
result<void> sync(int fd, const shown_path& shown);
/// Lets the disk begin: several files started first and synced afterwards share one journal commit.
void start_writeback(int fd) noexcept;

enum class temporary { unnamed_if_possible, named };

/// Creates or replaces a regular file in one step; its contents are synced, the folder is not. On failure
/// nothing is left.
result<void> replace_file(int folder, const std::string& name, std::string_view bytes, unsigned mode,
                          const shown_path& shown, temporary kind = temporary::unnamed_if_possible);

/// A new folder with mode 0700 exactly, open. errno EEXIST is errc::exists.
result<unique_fd> make_folder(int folder, const std::string& name, const shown_path& shown);
/// The same, or opens what is there already; `made` tells.
result<unique_fd> make_or_open_folder(int folder, const std::string& name, const shown_path& shown,
                                      bool& made);
/// The same, where it is likely to be there.
result<unique_fd> open_or_make_folder(int folder, const std::string& name, const shown_path& shown,
                                      bool& made);

// These read the folder from where its descriptor stands: it must be freshly opened.
/// Everything in a folder but "." and "..", in no order.
result<std::vector<std::string>> names_in(int folder, const shown_path& shown);
/// Removes the leftovers in this one folder, as far as it can: those that stay are never seen.
void sweep_leftovers(int folder) noexcept;

/// Removes a file, link or folder with all below it. Success if there is none.
result<void> remove_tree(int folder, const std::string& name, const shown_path& shown);

} // namespace evercert::backends
