// A library to be preloaded: lets the Nth call that changes something below a folder fail or be the last one.
// Counts over all threads in the order the calls are made, which tracing with `when=` per thread cannot.
//   FAULT_ROOT  folder whose changes count        FAULT_AT    which one, from 1; 0: none, only record
//   FAULT_KIND  KILL, KILL_AFTER, ENOSPC, EIO     FAULT_LOG   one line a call: number, name, what it met
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

struct plan {
    std::string root = text("FAULT_ROOT");
    std::string kind = text("FAULT_KIND");
    long at = std::strtol(text("FAULT_AT").c_str(), nullptr, 10);
    int log = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, text("FAULT_LOG").c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    std::atomic<long> calls{0};

    static std::string text(const char* name) {
        const char* value = std::getenv(name);
        return value == nullptr ? std::string() : std::string(value);
    }
};

plan& the_plan() {
    static plan* const made = new plan; // never destroyed: threads may outlive main
    return *made;
}

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::string path_of(int fd) {
    char link[64];
    char target[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = ::readlink(link, target, sizeof target);
    return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

std::string path_of(int folder, const char* path) {
    if (path == nullptr || path[0] == '/' || folder == AT_FDCWD) {
        return path == nullptr ? std::string() : std::string(path);
    }
    return path_of(folder) + "/" + path;
}

enum class verdict { go_on, fail, end_after };

/// Counts a call on `path`, if that is a place that counts, and says what is to become of it.
verdict meet(const char* call, const std::string& path) {
    plan& p = the_plan();
    if (p.root.empty() || path.compare(0, p.root.size(), p.root) != 0) {
        return verdict::go_on;
    }
    const long number = ++p.calls;
    const bool chosen = number == p.at;
    char line[4400];
    const int size = std::snprintf(line, sizeof line, "%ld %s %s %s\n", number, call,
                                   chosen ? p.kind.c_str() : "-", path.c_str());
    ::syscall(SYS_write, p.log, line, static_cast<std::size_t>(size));
    if (!chosen) {
        return verdict::go_on;
    }
    if (p.kind == "KILL") {
        ::kill(::getpid(), SIGKILL);
    }
    if (p.kind == "KILL_AFTER") {
        return verdict::end_after;
    }
    errno = p.kind == "ENOSPC" ? ENOSPC : EIO;
    return verdict::fail;
}

template <class Call>
auto around(const char* name, const std::string& path, Call call) -> decltype(call()) {
    const verdict what = meet(name, path);
    if (what == verdict::fail) {
        return -1;
    }
    const auto got = call();
    if (what == verdict::end_after) {
        ::kill(::getpid(), SIGKILL);
    }
    return got;
}

mode_t mode_argument(int flags, va_list more) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
}

bool creates(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE || (flags & O_TRUNC) != 0;
}

int open_any(const char* name, int folder, const char* path, int flags, mode_t mode) {
    auto call = [&] { return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode)); };
    return creates(flags) ? around(name, path_of(folder, path), call) : call();
}

} // namespace

#define FORWARD(name, path, parameters, ...)                                                                 \
    int name parameters {                                                                                    \
        return around(#name, path, [&] { return real<int(*) parameters>(#name)(__VA_ARGS__); });             \
    }

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_argument(flags, more);
    va_end(more);
    return open_any("open", AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_argument(flags, more);
    va_end(more);
    return open_any("open", AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_argument(flags, more);
    va_end(more);
    return open_any("openat", folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_argument(flags, more);
    va_end(more);
    return open_any("openat", folder, path, flags, mode);
}

ssize_t write(int fd, const void* data, size_t size) {
    return around("write", path_of(fd),
                  [&] { return static_cast<ssize_t>(::syscall(SYS_write, fd, data, size)); });
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
    return around("pwrite64", path_of(fd),
                  [&] { return static_cast<ssize_t>(::syscall(SYS_pwrite64, fd, data, size, at)); });
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    return pwrite64(fd, data, size, at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
    return around("writev", path_of(fd),
                  [&] { return static_cast<ssize_t>(::syscall(SYS_writev, fd, parts, count)); });
}

/// As in the kernel, the descriptor is gone even when close says that something went wrong.
int close(int fd) {
    const verdict what =
        (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY ? verdict::go_on : meet("close", path_of(fd));
    const int number = errno;
    const int got = static_cast<int>(::syscall(SYS_close, fd));
    if (what == verdict::end_after) {
        ::kill(::getpid(), SIGKILL);
    }
    if (what == verdict::fail) {
        errno = number;
        return -1;
    }
    return got;
}

FORWARD(fsync, path_of(fd), (int fd), fd)
FORWARD(fdatasync, path_of(fd), (int fd), fd)
FORWARD(ftruncate, path_of(fd), (int fd, off_t size), fd, size)
FORWARD(fallocate, path_of(fd), (int fd, int mode, off_t at, off_t size), fd, mode, at, size)
FORWARD(fchmod, path_of(fd), (int fd, mode_t mode), fd, mode)
FORWARD(fchown, path_of(fd), (int fd, uid_t user, gid_t group), fd, user, group)
FORWARD(chmod, path_of(AT_FDCWD, path), (const char* path, mode_t mode), path, mode)
FORWARD(fchmodat, path_of(at, path), (int at, const char* path, mode_t mode, int flags), at, path, mode,
        flags)
FORWARD(fchownat, path_of(at, path), (int at, const char* path, uid_t user, gid_t group, int flags), at, path,
        user, group, flags)
FORWARD(mkdir, path_of(AT_FDCWD, path), (const char* path, mode_t mode), path, mode)
FORWARD(mkdirat, path_of(at, path), (int at, const char* path, mode_t mode), at, path, mode)
FORWARD(rmdir, path_of(AT_FDCWD, path), (const char* path), path)
FORWARD(unlink, path_of(AT_FDCWD, path), (const char* path), path)
FORWARD(unlinkat, path_of(at, path), (int at, const char* path, int flags), at, path, flags)
FORWARD(symlink, path_of(AT_FDCWD, path), (const char* target, const char* path), target, path)
FORWARD(symlinkat, path_of(at, path), (const char* target, int at, const char* path), target, at, path)
FORWARD(link, path_of(AT_FDCWD, to), (const char* from, const char* to), from, to)
FORWARD(linkat, path_of(at, to), (int from_at, const char* from, int at, const char* to, int flags), from_at,
        from, at, to, flags)
FORWARD(rename, path_of(AT_FDCWD, to), (const char* from, const char* to), from, to)
FORWARD(renameat, path_of(at, to), (int from_at, const char* from, int at, const char* to), from_at, from, at,
        to)
FORWARD(renameat2, path_of(at, to), (int from_at, const char* from, int at, const char* to, unsigned flags),
        from_at, from, at, to, flags)

} // extern "C"
