#include "core/backends/durable.hpp"

#include "core/backends/store_path.hpp"
#include "core/backends/temporary_name.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

namespace evercert::backends {
namespace {

constexpr int name_attempts = 100;

enum class standing { nothing, file };

/// What is at `name` must be a regular file or nothing. A rename would not follow a link, but replace it:
/// somebody put it there on purpose, so it is for a person to decide.
result<standing> expect_regular(int folder, const std::string& name, const shown_path& shown) {
    struct stat found{};
    if (uninterrupted([&] { return ::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW); }) < 0) {
        if (errno == ENOENT) {
            return standing::nothing;
        }
        return fail(file_error(errno, "look at", shown.text()));
    }
    if (!S_ISREG(found.st_mode)) {
        return fail(file_error(S_ISLNK(found.st_mode) ? ELOOP : EISDIR, "replace", shown.text()));
    }
    return standing::file;
}

/// Gives the unnamed file a name that nothing has.
bool link_unnamed(int fd, int folder, const std::string& name) {
    const std::string self = fmt::format("/proc/self/fd/{}", fd);
    if (uninterrupted(
            [&] { return ::linkat(AT_FDCWD, self.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW); }) == 0) {
        return true;
    }
    // No /proc mounted: older kernels want CAP_DAC_READ_SEARCH for this one.
    return errno == ENOENT &&
           uninterrupted([&] { return ::linkat(fd, "", folder, name.c_str(), AT_EMPTY_PATH); }) == 0;
}

result<void> rename_over(int folder, const char* from, const std::string& to, const shown_path& shown) {
    if (uninterrupted([&] { return ::renameat(folder, from, folder, to.c_str()); }) == 0) {
        return {};
    }
    error why = file_error(errno, "replace", shown.text());
    ::unlinkat(folder, from, 0);
    return fail(std::move(why));
}

result<void> write_and_sync(int fd, std::string_view bytes, const shown_path& shown) {
    auto done = write_all(fd, bytes, shown);
    return done ? sync(fd, shown) : done;
}

result<void> replace_by_named(int folder, const std::string& name, std::string_view bytes, unsigned mode,
                              const shown_path& shown) {
    temporary_name temp;
    auto file = create_file(folder, temp.text(), mode, shown);
    for (int i = 0; !file && file.error().code == errc::exists && i < name_attempts; ++i) {
        temp.change();
        file = create_file(folder, temp.text(), mode, shown);
    }
    if (!file) {
        return fail(std::move(file.error()));
    }
    if (auto done = write_and_sync(file->get(), bytes, shown); !done) {
        ::unlinkat(folder, temp.c_str(), 0);
        return done;
    }
    return rename_over(folder, temp.c_str(), name, shown);
}

} // namespace

std::string shown_path::text() const {
    std::string all(root_ == "/" ? std::string_view() : root_);
    for (const std::string_view part : {path_, name_}) {
        if (!part.empty()) {
            all.append(root_.empty() && all.empty() ? "" : "/").append(part);
        }
    }
    return all.empty() ? std::string(root_) : all;
}

result<void> set_mode(int fd, unsigned mode, const shown_path& shown) {
    // Looking costs less than setting, and the mode is nearly always right.
    struct stat now{};
    if (::fstat(fd, &now) == 0 && (now.st_mode & 07777U) == mode) {
        return {};
    }
    if (uninterrupted([&] { return ::fchmod(fd, mode); }) < 0) {
        return fail(file_error(errno, "set the mode of", shown.text()));
    }
    return {};
}

result<unique_fd> create_file(int folder, const std::string& name, unsigned mode, const shown_path& shown) {
    unique_fd file(uninterrupted([&] {
        return ::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        mode & 0600U);
    }));
    if (!file) {
        if (errno == EEXIST) {
            return fail(errc::exists, fmt::format("{} exists already", shown.text()));
        }
        return fail(file_error(errno, "create", shown.text()));
    }
    if (auto exact = set_mode(file.get(), mode, shown); !exact) {
        ::unlinkat(folder, name.c_str(), 0);
        return fail(std::move(exact.error()));
    }
    return file;
}

result<void> write_all(int fd, std::string_view bytes, const shown_path& shown) {
    while (!bytes.empty()) {
        ssize_t n = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
        if (n <= 0) {
            return fail(file_error(n < 0 ? errno : EIO, "write", shown.text()));
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

result<void> check_contents(int fd, std::string_view bytes, const shown_path& shown) {
    std::string back(bytes.size() + 1, '\0'); // one more, to see that the file ends there
    std::size_t filled = 0;
    ssize_t n = 0;
    do {
        n = uninterrupted([&] {
            return ::pread(fd, back.data() + filled, back.size() - filled, static_cast<off_t>(filled));
        });
        filled += n > 0 ? static_cast<std::size_t>(n) : 0;
    } while (n > 0 && filled < bytes.size());
    const int why = errno;
    const bool same = n >= 0 && std::string_view(back).substr(0, filled) == bytes;
    ::explicit_bzero(back.data(), back.size());
    if (n < 0) {
        return fail(file_error(why, "read back", shown.text()));
    }
    if (!same) {
        return fail(errc::corrupted,
                    fmt::format("{} was written, but did not come back as it was", shown.text()));
    }
    return {};
}

result<void> sync(int fd, const shown_path& shown) {
    if (uninterrupted([&] { return ::fsync(fd); }) < 0) {
        return fail(file_error(errno, "bring to the disk", shown.text()));
    }
    return {};
}

void start_writeback(int fd) noexcept {
    // Only a hint: what does not work here is found by fsync.
    int kept = errno;
    ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    errno = kept;
}

result<void> replace_file(int folder, const std::string& name, std::string_view bytes, unsigned mode,
                          const shown_path& shown, temporary kind) {
    const auto there = expect_regular(folder, name, shown);
    if (!there) {
        return fail(there.error());
    }
    // What replaces something needs a temporary name in any case; only new files can do without.
    if (kind == temporary::named || *there == standing::file) {
        return replace_by_named(folder, name, bytes, mode, shown);
    }
    unique_fd file(
        uninterrupted([&] { return ::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode & 0600U); }));
    if (!file) {
        if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL) {
            return replace_by_named(folder, name, bytes, mode, shown);
        }
        return fail(file_error(errno, "create", shown.text()));
    }
    if (auto exact = set_mode(file.get(), mode, shown); !exact) {
        return exact;
    }
    if (auto done = write_and_sync(file.get(), bytes, shown); !done) {
        return done;
    }
    if (link_unnamed(file.get(), folder, name)) {
        return {};
    }
    return replace_by_named(folder, name, bytes, mode, shown); // no /proc, or a file system with half of it
}

namespace {

int open_folder(int folder, const std::string& name) {
    return uninterrupted(
        [&] { return ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
}

} // namespace

result<unique_fd> make_folder(int folder, const std::string& name, const shown_path& shown) {
    if (uninterrupted([&] { return ::mkdirat(folder, name.c_str(), 0700); }) < 0) {
        if (errno == EEXIST) {
            return fail(errc::exists, fmt::format("{} exists already", shown.text()));
        }
        return fail(file_error(errno, "make the folder", shown.text()));
    }
    unique_fd opened(open_folder(folder, name));
    if (!opened) {
        return fail(file_error(errno, "open", shown.text()));
    }
    // Neither the umask nor a set-group-id parent decides.
    if (auto exact = set_mode(opened.get(), 0700, shown); !exact) {
        return fail(std::move(exact.error()));
    }
    return opened;
}

result<unique_fd> open_or_make_folder(int folder, const std::string& name, const shown_path& shown,
                                      bool& made) {
    made = false;
    unique_fd opened(open_folder(folder, name));
    if (opened) {
        return opened;
    }
    if (errno != ENOENT) {
        return fail(file_error(errno, "open", shown.text()));
    }
    return make_or_open_folder(folder, name, shown, made);
}

result<unique_fd> make_or_open_folder(int folder, const std::string& name, const shown_path& shown,
                                      bool& made) {
    made = true;
    auto fresh = make_folder(folder, name, shown);
    if (fresh || fresh.error().code != errc::exists) {
        return fresh;
    }
    unique_fd opened(open_folder(folder, name)); // another thread made it a moment ago
    if (!opened) {
        return fail(file_error(errno, "open", shown.text()));
    }
    return opened;
}

} // namespace evercert::backends
