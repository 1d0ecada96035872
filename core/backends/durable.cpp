#include "core/backends/durable.hpp"

#include "core/backends/store_path.hpp"

#include <fmt/format.h>

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>

namespace evercert::backends {
namespace {

constexpr int name_attempts = 100;

/// What is at `name` must be a regular file or nothing. A rename would not follow a link, but replace it:
/// somebody put it there on purpose, so it is for a person to decide.
result<void> expect_regular(int folder, const std::string& name, std::string_view shown) {
    struct stat found{};
    if (uninterrupted([&] { return ::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW); }) < 0) {
        if (errno == ENOENT) {
            return {};
        }
        return fail(file_error(errno, "look at", shown));
    }
    if (!S_ISREG(found.st_mode)) {
        return fail(file_error(S_ISLNK(found.st_mode) ? ELOOP : EISDIR, "replace", shown));
    }
    return {};
}

/// Gives the unnamed file a name. errno is left for the caller.
bool link_unnamed(int fd, int folder, const std::string& name) {
    std::string self = fmt::format("/proc/self/fd/{}", fd);
    if (uninterrupted(
            [&] { return ::linkat(AT_FDCWD, self.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW); }) == 0) {
        return true;
    }
    // No /proc mounted: older kernels want CAP_DAC_READ_SEARCH for this one.
    return errno == ENOENT &&
           uninterrupted([&] { return ::linkat(fd, "", folder, name.c_str(), AT_EMPTY_PATH); }) == 0;
}

result<void> rename_over(int folder, const std::string& from, const std::string& to, std::string_view shown) {
    if (uninterrupted([&] { return ::renameat(folder, from.c_str(), folder, to.c_str()); }) == 0) {
        return {};
    }
    error why = file_error(errno, "replace", shown);
    ::unlinkat(folder, from.c_str(), 0);
    return fail(std::move(why));
}

result<void> replace_by_named(int folder, const std::string& name, std::string_view bytes, unsigned mode,
                              std::string_view shown) {
    if (auto fits = expect_regular(folder, name, shown); !fits) {
        return fits;
    }
    std::string temp = leftover_name();
    auto file = create_file(folder, temp, mode, shown);
    for (int i = 0; !file && file.error().code == errc::exists && i < name_attempts; ++i) {
        temp = leftover_name();
        file = create_file(folder, temp, mode, shown);
    }
    if (!file) {
        return fail(std::move(file.error()));
    }
    auto done = write_all(file->get(), bytes, shown);
    if (done) {
        done = sync(file->get(), shown);
    }
    if (!done) {
        ::unlinkat(folder, temp.c_str(), 0);
        return done;
    }
    return rename_over(folder, temp, name, shown);
}

} // namespace

std::string leftover_name() {
    static std::atomic<unsigned long> counter{0};
    return fmt::format("{}{}-{}", leftover_prefix, ::getpid(), counter.fetch_add(1));
}

result<unique_fd> create_file(int folder, const std::string& name, unsigned mode, std::string_view shown) {
    unique_fd file(uninterrupted([&] {
        return ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        mode & 0600);
    }));
    if (!file) {
        if (errno == EEXIST) {
            return fail(errc::exists, fmt::format("{} exists already", shown));
        }
        return fail(file_error(errno, "create", shown));
    }
    if (uninterrupted([&] { return ::fchmod(file.get(), mode); }) < 0) {
        error why = file_error(errno, "set the mode of", shown);
        ::unlinkat(folder, name.c_str(), 0);
        return fail(std::move(why));
    }
    return file;
}

result<void> write_all(int fd, std::string_view bytes, std::string_view shown) {
    while (!bytes.empty()) {
        ssize_t n = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
        if (n < 0) {
            return fail(file_error(errno, "write", shown));
        }
        if (n == 0) {
            return fail(file_error(EIO, "write", shown));
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

result<void> sync(int fd, std::string_view shown) {
    if (uninterrupted([&] { return ::fsync(fd); }) < 0) {
        return fail(file_error(errno, "bring to the disk", shown));
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
                          std::string_view shown, temporary kind) {
    if (kind == temporary::named) {
        return replace_by_named(folder, name, bytes, mode, shown);
    }
    unique_fd file(
        uninterrupted([&] { return ::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode & 0600); }));
    if (!file) {
        if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL) {
            return replace_by_named(folder, name, bytes, mode, shown);
        }
        return fail(file_error(errno, "create", shown));
    }
    if (uninterrupted([&] { return ::fchmod(file.get(), mode); }) < 0) {
        return fail(file_error(errno, "set the mode of", shown));
    }
    if (auto written = write_all(file.get(), bytes, shown); !written) {
        return written;
    }
    if (auto synced = sync(file.get(), shown); !synced) {
        return synced;
    }
    if (link_unnamed(file.get(), folder, name)) {
        return {}; // it is new: no temporary name was needed
    }
    if (errno != EEXIST) {
        return replace_by_named(folder, name, bytes, mode, shown);
    }
    if (auto fits = expect_regular(folder, name, shown); !fits) {
        return fits;
    }
    for (int i = 0; i < name_attempts; ++i) {
        std::string temp = leftover_name();
        if (link_unnamed(file.get(), folder, temp)) {
            return rename_over(folder, temp, name, shown);
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return fail(file_error(errno, "replace", shown));
}

result<unique_fd> open_or_make_folder(int folder, const std::string& name, std::string_view shown,
                                      bool& made) {
    auto open = [&] {
        return ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    };
    made = false;
    unique_fd opened(uninterrupted(open));
    if (opened) {
        return opened;
    }
    if (errno != ENOENT) {
        return fail(file_error(errno, "open", shown));
    }
    if (uninterrupted([&] { return ::mkdirat(folder, name.c_str(), 0700); }) < 0 && errno != EEXIST) {
        return fail(file_error(errno, "make the folder", shown));
    }
    made = true;
    opened = unique_fd(uninterrupted(open));
    if (!opened) {
        return fail(file_error(errno, "open", shown));
    }
    // Neither the umask nor a set-group-id parent decides.
    if (uninterrupted([&] { return ::fchmod(opened.get(), 0700); }) < 0) {
        return fail(file_error(errno, "set the mode of", shown));
    }
    return opened;
}

} // namespace evercert::backends
