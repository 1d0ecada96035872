#include "core/backends/durable.hpp"
#include "core/backends/store_path.hpp"
#include "core/backends/temporary_name.hpp"

#include <array>
#include <cstddef>
#include <dirent.h>
#include <fcntl.h>

namespace evercert::backends {
namespace {

constexpr int deepest = 32; // far below what the store makes; bounds the recursion

/// Calls `visit(name)` for all but "." and "..". -1 with errno on failure. Not by readdir, which wants
/// a descriptor of its own and five system calls where two do.
template <class Visit>
int read_names(int folder, Visit visit) {
    alignas(dirent64) std::array<std::byte, 8 * 1024> buffer{};
    for (;;) {
        const ssize_t size =
            uninterrupted([&] { return ::getdents64(folder, buffer.data(), buffer.size()); });
        if (size <= 0) {
            return static_cast<int>(size);
        }
        for (ssize_t at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") {
                visit(name);
            }
            at += entry->d_reclen;
        }
    }
}

unique_fd open_folder(int folder, const std::string& name) {
    return unique_fd(uninterrupted(
        [&] { return ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
}

/// -1 with errno on failure; what is gone already is no failure.
int remove_below(int folder, const std::string& name, int depth) {
    if (uninterrupted([&] { return ::unlinkat(folder, name.c_str(), 0); }) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) { // EPERM is what POSIX says for a folder
        return -1;
    }
    int refused = errno;
    unique_fd inside = open_folder(folder, name);
    if (!inside) {
        if (errno == ENOTDIR || errno == ELOOP) {
            errno = refused; // no folder after all: the file itself may not be removed
        }
        return -1;
    }
    if (depth >= deepest) {
        errno = ELOOP;
        return -1;
    }
    std::vector<std::string> names;
    if (read_names(inside.get(), [&](std::string_view each) { names.emplace_back(each); }) < 0) {
        return -1;
    }
    for (const std::string& each : names) {
        if (remove_below(inside.get(), each, depth + 1) < 0) {
            return -1;
        }
    }
    int removed = uninterrupted([&] { return ::unlinkat(folder, name.c_str(), AT_REMOVEDIR); });
    return removed < 0 && errno != ENOENT ? -1 : 0;
}

void sweep(int folder) {
    std::vector<std::string> leftovers;
    auto pick = [&](std::string_view name) {
        if (name.starts_with(leftover_prefix)) {
            leftovers.emplace_back(name);
        }
    };
    if (read_names(folder, pick) < 0) {
        return;
    }
    for (const std::string& each : leftovers) {
        if (is_leftover(each)) {
            remove_below(folder, each, 0);
        }
    }
}

} // namespace

result<std::vector<std::string>> names_in(int folder, const shown_path& shown) {
    std::vector<std::string> names;
    if (read_names(folder, [&](std::string_view each) { names.emplace_back(each); }) < 0) {
        return fail(file_error(errno, "list", shown.text()));
    }
    return names;
}

result<void> remove_tree(int folder, const std::string& name, const shown_path& shown) {
    if (remove_below(folder, name, 0) < 0) {
        return fail(file_error(errno, "remove", shown.text()));
    }
    return {};
}

void sweep_leftovers(int folder) noexcept {
    try {
        sweep(folder);
    } catch (const std::exception&) {
        // Out of memory: the leftovers stay, unseen, until the next time.
    }
}

} // namespace evercert::backends
