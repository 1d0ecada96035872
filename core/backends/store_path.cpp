#include "core/backends/store_path.hpp"

#include "core/backends/temporary_name.hpp"
#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace evercert::backends {
namespace {

bool is_path_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

std::atomic<bool> openat2_missing{false};

} // namespace

bool is_component(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
           !name.starts_with(leftover_prefix) && std::ranges::all_of(name, is_path_char);
}

result<void> check_path(std::string_view path) {
    auto wrong = [&] {
        return fail(
            errc::invalid_argument,
            fmt::format("\"{}\" is no path inside data_dir: names of letters, digits, '.', '_' and '-' are "
                        "expected, joined by '/'",
                        escape(path, 200)));
    };
    if (path.size() > 1024) {
        return wrong();
    }
    std::size_t depth = 0;
    for (std::size_t begin = 0;;) {
        std::size_t end = path.find('/', begin);
        if (!is_component(path.substr(begin, end == path.npos ? end : end - begin)) || ++depth > 16) {
            return wrong();
        }
        if (end == path.npos) {
            return {};
        }
        begin = end + 1;
    }
}

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        std::size_t end = path.find('/');
        parts.emplace_back(path.substr(0, end));
        path = end == path.npos ? std::string_view() : path.substr(end + 1);
    }
    return parts;
}

std::pair<std::string, std::string> split_path(std::string_view path) {
    std::size_t slash = path.rfind('/');
    if (slash == path.npos) {
        return {std::string(), std::string(path)};
    }
    return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

int open_by_component(int root, const std::string& path, int flags) noexcept {
    std::string_view rest = path;
    unique_fd held;
    int current = root;
    for (std::size_t slash = 0; (slash = rest.find('/')) != rest.npos; rest.remove_prefix(slash + 1)) {
        std::string name(rest.substr(0, slash));
        int next = uninterrupted(
            [&] { return ::openat(current, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
        if (next < 0) {
            return -1;
        }
        held = unique_fd(next);
        current = next;
    }
    std::string last = rest.empty() ? "." : std::string(rest);
    return uninterrupted([&] { return ::openat(current, last.c_str(), flags | O_NOFOLLOW | O_CLOEXEC); });
}

int open_beneath(int root, const std::string& path, int flags) noexcept {
    if (openat2_missing.load(std::memory_order_relaxed)) {
        return open_by_component(root, path, flags);
    }
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const char* name = path.empty() ? "." : path.c_str();
    for (int tries = 0;; ++tries) {
        long fd = uninterrupted([&] { return ::syscall(SYS_openat2, root, name, &how, sizeof how); });
        if (fd >= 0) {
            return static_cast<int>(fd);
        }
        // The kernel asks to try again when folders were moved while it looked.
        if (errno == EAGAIN && tries < 32) {
            continue;
        }
        if (errno == ENOSYS) {
            openat2_missing.store(true, std::memory_order_relaxed);
        }
        // EPERM is what a seccomp filter that does not know openat2 says.
        if (errno == ENOSYS || errno == EPERM || errno == EAGAIN) {
            return open_by_component(root, path, flags);
        }
        return -1;
    }
}

error file_error(int errno_value, std::string_view action, std::string_view shown) {
    switch (errno_value) {
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
    case EISDIR:
    case ENXIO:
        return {errc::corrupted,
                fmt::format("cannot {} {}: a symbolic link, a folder or something else is in the way "
                            "of what belongs there. evercert follows no links below its data_dir; "
                            "move it away",
                            action, shown)};
    default:
        return system_error(errno_value, fmt::format("cannot {} {}", action, shown));
    }
}

} // namespace evercert::backends
