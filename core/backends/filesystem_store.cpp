#include "core/backends/filesystem_store.hpp"

#include "core/backends/durable.hpp"
#include "core/backends/filesystem_store_impl.hpp"
#include "core/backends/store_path.hpp"
#include "core/backends/temporary_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

namespace evercert::backends {

/// Folders in the root are shared by callers on several threads, and a caller must not return before the
/// folder it found there, made by another a moment ago, is durable. Once in the life of the process and
/// folder.
result<void> filesystem_store::settle_top(std::string_view name) {
    std::lock_guard guard(top_);
    if (settled_.contains(name)) {
        return {};
    }
    bool made = false;
    auto folder = open_or_make_folder(root(), std::string(name), shown(name), made);
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    // With an entry for each of many certificates: looked through once, and not at the start.
    sweep_leftovers(folder->get());
    if (auto durable = sync(root(), shown({})); !durable) {
        return durable;
    }
    settled_.emplace(name);
    return {};
}

result<place> filesystem_store::make_place(std::string_view path) {
    auto [parent, name] = split_path(path);
    place where;
    where.name = std::move(name);
    const std::size_t top_end = parent.find('/');
    if (!parent.empty()) {
        if (auto top = settle_top(std::string_view(parent).substr(0, top_end)); !top) {
            return fail(std::move(top.error()));
        }
    }
    auto found = open_parent(parent);
    if (!found) {
        return fail(std::move(found.error()));
    }
    where.folder = std::move(*found);
    if (where.folder) {
        if (top_end != parent.npos) {
            sweep_leftovers(where.folder.get());
        }
        return where;
    }
    // The deepest folder that there is, then what is missing below it.
    std::string reached = std::move(parent);
    std::vector<std::string> missing;
    while (!where.folder) {
        auto [above, step] = split_path(reached);
        missing.push_back(std::move(step));
        reached = std::move(above);
        auto deeper = open_parent(reached);
        if (!deeper) {
            return fail(std::move(deeper.error()));
        }
        if (!*deeper && reached.empty()) {
            return fail(file_error(ENOENT, "open", data_.path));
        }
        where.folder = std::move(*deeper);
    }
    for (; !missing.empty(); missing.pop_back()) {
        std::string above = reached;
        reached.append(reached.empty() ? "" : "/").append(missing.back());
        bool made = false;
        auto next = make_or_open_folder(where.folder.get(), missing.back(), shown(reached), made);
        if (!next) {
            return fail(std::move(next.error()));
        }
        if (made) {
            where.changed.emplace_back(std::move(where.folder), std::move(above));
        }
        where.folder = std::move(*next);
    }
    return where;
}

/// One sync for each folder that got a new entry, the innermost first: usually that is one.
result<void> filesystem_store::make_durable(const place& where, std::string_view path) const {
    const std::size_t end = path.rfind('/');
    auto durable = sync(where.folder.get(), shown(path.substr(0, end == path.npos ? 0 : end)));
    for (auto above = where.changed.rbegin(); durable && above != where.changed.rend(); ++above) {
        durable = sync(above->first.get(), shown(above->second));
    }
    return durable;
}

result<void> filesystem_store::write(std::string_view path, std::string_view contents, unsigned mode,
                                     std::string_view beside) {
    if (auto safe = check_own(path); !safe) {
        return safe;
    }
    auto where = make_place(path);
    if (!where) {
        return fail(std::move(where.error()));
    }
    if (auto done = replace_file(where->folder.get(), where->name, contents, mode, shown(path)); !done) {
        return done;
    }
    if (!where->changed.empty() && is_component(beside)) {
        // Whoever needs it makes it, if that cannot be done now.
        [[maybe_unused]] const auto made =
            make_folder(where->folder.get(), std::string(beside), shown(beside));
    }
    return make_durable(*where, path);
}

namespace {

/// Gives the file that holds the same bytes already, and is durable as every file of the store that can be
/// seen, its place in the set. False, and nothing has happened, if that cannot be.
bool share(int root, int folder, const stored_file& wanted) {
    if (wanted.same_as.empty() || !check_own(wanted.same_as)) {
        return false;
    }
    const auto [parent, name] = split_path(wanted.same_as);
    const unique_fd from(open_beneath(root, parent, O_RDONLY | O_DIRECTORY));
    if (!from || uninterrupted([&] {
                     return ::linkat(from.get(), name.c_str(), folder, wanted.name.c_str(), 0);
                 }) < 0) {
        return false;
    }
    const unique_fd file(uninterrupted([&] {
        return ::openat(folder, wanted.name.c_str(),
                        O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    }));
    struct stat info{};
    const bool same = file && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) &&
                      (info.st_mode & 07777U) == wanted.mode && info.st_uid == ::geteuid() &&
                      check_contents(file.get(), wanted.contents, wanted.name);
    if (!same) {
        ::unlinkat(folder, wanted.name.c_str(), 0);
    }
    return same;
}

/// Writes all files into `folder`, brings them and the folder to the disk and looks whether they are there.
result<void> fill(int root, int folder, const std::vector<stored_file>& files, std::string_view root_path,
                  std::string_view directory) {
    auto shown = [&](std::string_view name) { return shown_path(root_path, directory, name); };
    std::vector<unique_fd> open;
    open.reserve(files.size());
    for (const stored_file& each : files) {
        if (share(root, folder, each)) {
            open.emplace_back();
            continue;
        }
        auto file = create_file(folder, each.name, each.mode, shown(each.name));
        if (!file) {
            return fail(std::move(file.error()));
        }
        if (auto written = write_all(file->get(), each.contents, shown(each.name)); !written) {
            return written;
        }
        start_writeback(file->get());
        open.push_back(std::move(*file));
    }
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (!open[i]) {
            continue; // shared: durable before, and compared
        }
        auto done = sync(open[i].get(), shown(files[i].name));
        if (done) {
            done = check_contents(open[i].get(), files[i].contents, shown(files[i].name));
        }
        if (!done) {
            return done;
        }
    }
    return sync(folder, shown({}));
}

int rename_into_nothing(int folder, const char* from, const char* to) {
    int done = uninterrupted([&] { return ::renameat2(folder, from, folder, to, RENAME_NOREPLACE); });
    if (done == 0 || (errno != EINVAL && errno != ENOSYS)) {
        return done;
    }
    // A file system without the flag. Nobody else writes here, so what is not there now will not come.
    struct stat found{};
    if (::fstatat(folder, to, &found, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return uninterrupted([&] { return ::renameat(folder, from, folder, to); });
}

} // namespace

result<void> filesystem_store::write_set(std::string_view directory, const std::vector<stored_file>& files) {
    if (auto safe = check_own(directory); !safe) {
        return safe;
    }
    std::set<std::string_view> names;
    for (const stored_file& each : files) {
        if (!is_component(each.name) || !names.insert(each.name).second) {
            return fail(
                errc::invalid_argument,
                fmt::format("a set for {} has a file name that is not allowed or comes twice", directory));
        }
    }
    auto where = make_place(directory);
    if (!where) {
        return fail(std::move(where.error()));
    }
    const int above = where->folder.get();
    temporary_name temp;
    auto folder = make_folder(above, temp.text(), shown(directory));
    while (!folder && folder.error().code == errc::exists) {
        temp.change();
        folder = make_folder(above, temp.text(), shown(directory));
    }
    auto done = folder ? fill(root(), folder->get(), files, data_.path, directory)
                       : result<void>(fail(std::move(folder.error())));
    if (done && rename_into_nothing(above, temp.c_str(), where->name.c_str()) < 0) {
        if (errno == EEXIST || errno == ENOTEMPTY) {
            done = fail(errc::exists, fmt::format("{} exists already", absolute(directory)));
        } else {
            done = fail(file_error(errno, "make", absolute(directory)));
        }
    }
    if (!done) {
        // Best effort: what cannot be removed now is swept another time.
        [[maybe_unused]] auto removed = remove_tree(above, temp.text(), shown(directory));
        return done;
    }
    return make_durable(*where, directory);
}

result<void> filesystem_store::switch_link(std::string_view link, std::string_view target) {
    for (std::string_view each : {link, target}) {
        if (auto safe = check_own(each); !safe) {
            return safe;
        }
    }
    auto where = make_place(link);
    if (!where) {
        return fail(std::move(where.error()));
    }
    int folder = where->folder.get();
    struct stat found{};
    const bool there = ::fstatat(folder, where->name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && !S_ISLNK(found.st_mode)) {
        return fail(file_error(EISDIR, "switch the link", absolute(link)));
    }

    std::string text;
    for (auto up = std::ranges::count(link, '/'); up > 0; --up) {
        text += "../";
    }
    text += target;
    // The first one can be made where it belongs.
    if (!there &&
        uninterrupted([&] { return ::symlinkat(text.c_str(), folder, where->name.c_str()); }) == 0) {
        return make_durable(*where, link);
    }
    temporary_name temp;
    int made = -1;
    for (int tries = 0; tries < 100; ++tries) {
        made = uninterrupted([&] { return ::symlinkat(text.c_str(), folder, temp.c_str()); });
        if (made == 0 || errno != EEXIST) {
            break;
        }
        temp.change();
    }
    if (made < 0) {
        return fail(file_error(errno, "make the link", absolute(link)));
    }
    if (uninterrupted([&] { return ::renameat(folder, temp.c_str(), folder, where->name.c_str()); }) < 0) {
        error why = file_error(errno, "switch the link", absolute(link));
        ::unlinkat(folder, temp.c_str(), 0);
        return fail(std::move(why));
    }
    return make_durable(*where, link);
}

result<void> filesystem_store::remove(std::string_view path) {
    if (auto safe = check_own(path); !safe) {
        return safe;
    }
    auto [parent, name] = split_path(path);
    auto folder = open_parent(parent);
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    if (!*folder) {
        return {};
    }
    if (parent.empty()) {
        std::lock_guard guard(top_);
        settled_.erase(name);
    }
    if (uninterrupted([&] { return ::unlinkat(folder->get(), name.c_str(), 0); }) == 0 || errno == ENOENT) {
        return {};
    }
    if (errno != EISDIR) {
        return fail(system_error(errno, fmt::format("cannot remove {}", absolute(path))));
    }
    // A folder is renamed first, so that nobody ever sees half of it.
    temporary_name temp;
    if (uninterrupted([&] { return ::renameat(folder->get(), name.c_str(), folder->get(), temp.c_str()); }) <
        0) {
        return fail(file_error(errno, "remove", absolute(path)));
    }
    return remove_tree(folder->get(), temp.text(), shown(path));
}

result<std::unique_ptr<store>> open_filesystem_store(const std::string& root) {
    auto data = open_data_folder(root);
    if (!data) {
        return fail(std::move(data.error()));
    }
    sweep_leftovers(data->folder.get());
    return std::make_unique<filesystem_store>(std::move(*data));
}

} // namespace evercert::backends
