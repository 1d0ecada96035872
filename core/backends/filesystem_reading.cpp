#include "core/backends/durable.hpp"
#include "core/backends/filesystem_store_impl.hpp"
#include "core/backends/read_whole.hpp"
#include "core/backends/store_path.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>

namespace evercert::backends {
result<void> check_own(std::string_view path) {
    if (path == lock_name) {
        return fail(errc::invalid_argument, "\"lock\" is the store's own file");
    }
    return check_path(path);
}

/// nullopt-like: an fd that is not open with errno ENOENT means that there is no such folder.
result<unique_fd> filesystem_store::open_parent(const std::string& parent) const {
    unique_fd folder(open_beneath(root(), parent, O_RDONLY | O_DIRECTORY));
    if (!folder && errno != ENOENT) {
        return fail(file_error(errno, "open", absolute(parent)));
    }
    return folder;
}

result<std::optional<std::string>> filesystem_store::read(std::string_view path, std::size_t limit) const {
    if (auto safe = check_own(path); !safe) {
        return fail(std::move(safe.error()));
    }
    // O_NONBLOCK: opening a FIFO somebody put there must not wait for a writer.
    unique_fd file(open_beneath(root(), std::string(path), O_RDONLY | O_NOCTTY | O_NONBLOCK));
    if (!file) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return fail(file_error(errno, "read", absolute(path)));
    }
    struct stat info{};
    if (::fstat(file.get(), &info) < 0) {
        return fail(file_error(errno, "read", absolute(path)));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(file_error(EISDIR, "read", absolute(path)));
    }
    if (std::cmp_greater(info.st_size, limit)) {
        return fail(errc::too_large, fmt::format("{} is longer than {} bytes", absolute(path), limit));
    }
    return read_whole(file.get(), static_cast<std::size_t>(info.st_size), shown(path));
}

result<std::optional<std::string>> filesystem_store::read_link(std::string_view link) const {
    if (auto safe = check_own(link); !safe) {
        return fail(std::move(safe.error()));
    }
    auto [parent, name] = split_path(link);
    auto folder = open_parent(parent);
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    if (!*folder) {
        return std::nullopt;
    }
    std::array<char, 2048> buffer{}; // what we write is shorter
    ssize_t n = uninterrupted(
        [&] { return ::readlinkat(folder->get(), name.c_str(), buffer.data(), buffer.size()); });
    if (n < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return fail(file_error(errno == EINVAL ? EISDIR : errno, "read the link", absolute(link)));
    }
    // Only what switch_link writes is understood: as many "../" as lead to the root, then a path of the
    // store.
    const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
    std::string_view target = text;
    bool ours = true;
    for (auto up = std::ranges::count(link, '/'); up > 0; --up) {
        ours = ours && target.starts_with("../");
        target.remove_prefix(ours ? 3 : 0);
    }
    if (!ours || !check_path(target)) {
        return fail(
            errc::corrupted,
            fmt::format("{} is a link that evercert did not make: it does not lead to a place in data_dir",
                        absolute(link)),
            std::string(text));
    }
    return std::string(target);
}

result<std::vector<std::string>> filesystem_store::list(std::string_view directory) const {
    if (auto safe = directory.empty() ? result<void>() : check_own(directory); !safe) {
        return fail(std::move(safe.error()));
    }
    auto folder = open_parent(std::string(directory));
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    if (!*folder) {
        return std::vector<std::string>();
    }
    auto names = names_in(folder->get(), shown(directory));
    if (names) {
        std::erase_if(*names, [&](const std::string& name) {
            return !is_component(name) || (directory.empty() && name == lock_name);
        });
        std::ranges::sort(*names);
    }
    return names;
}

} // namespace evercert::backends
