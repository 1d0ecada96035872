#include "core/backends/durable.hpp"
#include "core/backends/store_path.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

namespace evercert::backends {
namespace {

constexpr int deepest = 32; // far below what the store makes; bounds the recursion

struct entry {
    std::string name;
    bool folder = false;
};

struct close_folder {
    void operator()(DIR* open) const noexcept { ::closedir(open); }
};

/// -1 with errno on failure.
int read_entries(int folder, std::vector<entry>& entries) {
    // closedir would take the caller's descriptor with it. The position is shared, so it starts at the
    // beginning.
    int own = uninterrupted([&] { return ::fcntl(folder, F_DUPFD_CLOEXEC, 0); });
    if (own < 0) {
        return -1;
    }
    ::lseek(own, 0, SEEK_SET);
    std::unique_ptr<DIR, close_folder> stream(::fdopendir(own));
    if (!stream) {
        unique_fd unused(own);
        return -1;
    }
    for (;;) {
        errno = 0;
        const dirent* found = ::readdir(stream.get());
        if (found == nullptr) {
            return errno == 0 ? 0 : -1;
        }
        std::string_view name = found->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        bool is_folder = found->d_type == DT_DIR;
        if (found->d_type == DT_UNKNOWN) {
            struct stat info{};
            is_folder =
                ::fstatat(folder, found->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
        }
        entries.push_back({std::string(name), is_folder});
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
    std::vector<entry> entries;
    if (depth >= deepest) {
        errno = ELOOP;
        return -1;
    }
    if (read_entries(inside.get(), entries) < 0) {
        return -1;
    }
    for (const entry& each : entries) {
        if (remove_below(inside.get(), each.name, depth + 1) < 0) {
            return -1;
        }
    }
    int removed = uninterrupted([&] { return ::unlinkat(folder, name.c_str(), AT_REMOVEDIR); });
    return removed < 0 && errno != ENOENT ? -1 : 0;
}

void sweep_below(int folder, int depth) {
    std::vector<entry> entries;
    if (depth >= deepest || read_entries(folder, entries) < 0) {
        return;
    }
    for (const entry& each : entries) {
        if (each.name.starts_with(leftover_prefix)) {
            remove_below(folder, each.name, depth);
        } else if (each.folder) {
            if (unique_fd inside = open_folder(folder, each.name)) {
                sweep_below(inside.get(), depth + 1);
            }
        }
    }
}

} // namespace

result<std::vector<std::string>> names_in(int folder, std::string_view shown) {
    std::vector<entry> entries;
    if (read_entries(folder, entries) < 0) {
        return fail(file_error(errno, "list", shown));
    }
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (entry& each : entries) {
        names.push_back(std::move(each.name));
    }
    return names;
}

result<void> remove_tree(int folder, const std::string& name, std::string_view shown) {
    if (remove_below(folder, name, 0) < 0) {
        return fail(file_error(errno, "remove", shown));
    }
    return {};
}

void sweep_leftovers(int folder) noexcept {
    try {
        sweep_below(folder, 0);
    } catch (const std::exception&) {
        // Out of memory: the leftovers stay, unseen, until the next start.
    }
}

} // namespace evercert::backends
