#include "core/backends/data_folder.hpp"

#include "core/backends/durable.hpp"
#include "core/backends/store_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace evercert::backends {
namespace {

int open_folder_at(const std::string& path) {
    return uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
}

/// A file system that is read-only to us may be so only to us.
error with_mend(error told, const std::filesystem::path& path) {
    std::filesystem::path there = path; // or the nearest folder that is
    while (::access(there.c_str(), F_OK) != 0 && there.has_relative_path()) {
        there = there.parent_path();
    }
    struct statvfs mounted{};
    if (::statvfs(there.c_str(), &mounted) == 0 && (mounted.f_flag & ST_RDONLY) != 0) {
        told.message +=
            fmt::format(". Under systemd the daemon sees most folders as read-only: make this one "
                        "(`install -d -m 0700 -o evercert {0}`), run `systemctl edit evercertd`, "
                        "add the lines [Service] and ReadWritePaths={0}, and restart it",
                        path.string());
    }
    return told;
}

/// Symbolic links are followed here: where data_dir lies is the operator's choice (and systemd's, with
/// DynamicUser).
result<unique_fd> open_or_make(const std::filesystem::path& path) {
    unique_fd opened(open_folder_at(path.string()));
    if (opened) {
        return opened;
    }
    if (errno != ENOENT || path == path.root_path()) {
        return fail(system_error(errno, fmt::format("cannot open data_dir {}", path.string())));
    }
    auto parent = open_or_make(path.parent_path());
    if (!parent) {
        return parent;
    }
    bool made = false;
    auto folder = open_or_make_folder(parent->get(), path.filename().string(), path.string(), made);
    if (!folder) {
        return folder;
    }
    if (auto durable = sync(parent->get(), path.parent_path().string()); !durable) {
        return fail(std::move(durable.error()));
    }
    return folder;
}

result<void> check_owner(int folder, const std::string& path) {
    struct stat info{};
    if (::fstat(folder, &info) < 0) {
        return fail(system_error(errno, fmt::format("cannot look at data_dir {}", path)));
    }
    if (info.st_uid != ::geteuid() && info.st_uid != 0) {
        return fail(
            errc::invalid_argument,
            fmt::format(
                "data_dir {} belongs to user id {}, who could replace the keys in it: give it to user "
                "id {} with chown",
                path, info.st_uid, ::geteuid()));
    }
    if ((info.st_mode & 0022) != 0) {
        return fail(
            errc::invalid_argument,
            fmt::format(
                "data_dir {} has mode {:04o}, so that others could replace the keys in it: use a folder "
                "of its own, with chmod 0700",
                path, info.st_mode & 07777));
    }
    return {};
}

std::string holder(int lock) {
    char text[32] = {};
    ssize_t n = uninterrupted([&] { return ::pread(lock, text, sizeof text - 1, 0); });
    std::string pid(text, n > 0 ? static_cast<std::size_t>(n) : 0);
    pid.erase(std::ranges::find_if_not(pid, [](char c) { return c >= '0' && c <= '9'; }), pid.end());
    return pid.empty() ? std::string("another process") : "process " + pid;
}

result<unique_fd> take_lock(int folder, const std::string& path) {
    std::string shown = path + "/" + lock_name;
    unique_fd lock(uninterrupted([&] {
        return ::openat(folder, lock_name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    }));
    if (!lock) {
        return fail(file_error(errno, "open", shown));
    }
    struct stat info{};
    if (::fstat(lock.get(), &info) < 0 || !S_ISREG(info.st_mode)) {
        return fail(file_error(ELOOP, "lock", shown));
    }
    if (uninterrupted([&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB); }) < 0) {
        if (errno == EWOULDBLOCK) {
            return fail(errc::busy, fmt::format("data_dir {} is in use by {}: one evercertd per data_dir",
                                                path, holder(lock.get())));
        }
        return fail(system_error(errno, fmt::format("cannot lock {}", shown)));
    }
    // The number only serves the message above: a full disk must not keep a daemon with good certificates
    // from starting. A descriptor of its own, because one held open for writing forbids the operator to
    // remount the disk read-only.
    std::string pid = fmt::format("{}\n", ::getpid());
    unique_fd note(uninterrupted([&] {
        return ::openat(folder, lock_name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }));
    if (note && ::fchmod(note.get(), 0600) == 0) {
        [[maybe_unused]] ssize_t written = ::write(note.get(), pid.data(), pid.size());
    }
    return lock;
}

} // namespace

result<data_folder> open_data_folder(const std::string& root) {
    if (root.empty() || root.find('\0') != std::string::npos) {
        return fail(errc::invalid_argument, "data_dir is empty or not a path");
    }
    std::error_code no_cwd;
    auto path = std::filesystem::absolute(root, no_cwd).lexically_normal();
    if (no_cwd) {
        return fail(system_error(no_cwd.value(), fmt::format("cannot find data_dir {}", root)));
    }
    if (!path.has_filename() && path != path.root_path()) {
        path = path.parent_path(); // "/var/lib/evercert/"
    }
    data_folder data;
    data.path = path.string();
    auto folder = open_or_make(path);
    if (!folder) {
        return fail(with_mend(std::move(folder.error()), path));
    }
    if (auto safe = check_owner(folder->get(), data.path); !safe) {
        return fail(std::move(safe.error()));
    }
    auto lock = take_lock(folder->get(), data.path);
    if (!lock) {
        return fail(with_mend(std::move(lock.error()), path));
    }
    data.folder = std::move(*folder);
    data.lock = std::move(*lock);
    return data;
}

} // namespace evercert::backends
