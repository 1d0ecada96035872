#include "daemon/outputs/writing.hpp"

#include "core/backends/durable.hpp"
#include "core/base/unique_fd.hpp"
#include "daemon/outputs/folder_path.hpp"
#include "daemon/outputs/trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

namespace evercert::daemon {
namespace {

constexpr mode_t all_mode_bits = 07777;
constexpr mode_t readable_by_others = 04;

std::optional<unsigned> number_in(const std::string& text) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, value);
    return ec == std::errc() && stop == end && value != ~0U ? std::optional(value) : std::nullopt;
}

/// One of getpwnam_r and its like, with as much room as it wants.
template <class Entry, class Look>
std::optional<Entry> entry_of(const std::string& name, Look look) {
    std::string room(4096, '\0');
    for (;;) {
        Entry entry{};
        Entry* found = nullptr;
        const int why = look(name.c_str(), &entry, room.data(), room.size(), &found);
        if (why != ERANGE || room.size() >= 1024 * 1024) {
            return found != nullptr ? std::optional(entry) : std::nullopt;
        }
        room.resize(room.size() * 4);
    }
}

std::string_view kind_of(mode_t mode) {
    return S_ISLNK(mode)    ? "a symbolic link"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

/// A file on its way: written under another name, removed again unless it is put in place.
class staged_file {
public:
    staged_file(const unique_fd& folder, const output_folder& where, const rendered_file& what,
                std::string_view service)
        : folder_(folder)
        , where_(where)
        , what_(what)
        , service_(service)
        , path_(fmt::format("{}/{}", where.path, what.name))
        , temporary_(fmt::format(".{}.evercert-new", what.name)) {}
    staged_file(staged_file&& other) noexcept = default;
    staged_file& operator=(staged_file&&) = delete;
    ~staged_file() { clear(); }

    /// Whether the target is this already; an error if it cannot be replaced.
    result<bool> is_there() const {
        struct stat found{};
        if (::fstatat(folder_.get(), what_.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0) {
            return errno == ENOENT ? result<bool>(false) : fail(trouble("cannot look at"));
        }
        if (!S_ISREG(found.st_mode)) {
            return fail(
                errc::refused,
                fmt::format("{0} is {1} and is not replaced. What to do: look what it is for, and move it "
                            "away or give the output another directory",
                            path_, kind_of(found.st_mode)));
        }
        const unique_fd open(uninterrupted([&] {
            return ::openat(folder_.get(), what_.name.c_str(),
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        }));
        if (!open || ::fstat(open.get(), &found) < 0 || !S_ISREG(found.st_mode) || !has_access(found) ||
            std::cmp_not_equal(found.st_size, what_.contents.view().size())) {
            return false; // what cannot even be read is not as it should be
        }
        return backends::check_contents(open.get(), what_.contents.view(), path_).has_value();
    }

    /// A crash may have left the key of another version under our temporary name.
    void sweep() const { ::unlinkat(folder_.get(), temporary_.c_str(), 0); }

    result<void> write() {
        if (auto made = create(); !made) {
            return made;
        }
        // The access comes before the contents.
        struct stat made{};
        if (::fstat(file_.get(), &made) < 0) {
            return fail(trouble("cannot look at"));
        }
        const uid_t user = where_.owner.user.value_or(made.st_uid);
        const gid_t group = where_.owner.group.value_or(made.st_gid);
        if ((user != made.st_uid || group != made.st_gid) && ::fchown(file_.get(), user, group) < 0) {
            return fail(trouble(fmt::format("cannot give user {} and group {} the file", user, group)));
        }
        if (::fchmod(file_.get(), what_.mode) < 0) {
            return fail(trouble("cannot set the mode of"));
        }
        if (auto written = backends::write_all(file_.get(), what_.contents.view(), path_); !written) {
            return fail(with_mend(std::move(written.error()), where_.path));
        }
        backends::start_writeback(file_.get());
        return {};
    }

    result<void> sync() const {
        auto done = backends::sync(file_.get(), path_);
        return done ? done : fail(with_mend(std::move(done.error()), where_.path));
    }

    /// Changes places with what was there, so that it can be taken back.
    result<void> put_in_place() {
        const auto rename = [&](unsigned flags) {
            return ::renameat2(folder_.get(), temporary_.c_str(), folder_.get(), what_.name.c_str(), flags) ==
                   0;
        };
        if (rename(RENAME_EXCHANGE)) {
            place_ = place::exchanged;
        } else if (errno == ENOENT && rename(RENAME_NOREPLACE)) {
            place_ = place::added;
        } else if (!rename(0)) { // which every file system knows
            return fail(trouble("cannot replace"));
        }
        file_.reset();
        return {};
    }

    /// As it was before `put_in_place`, where the file system can do that.
    void take_back() noexcept {
        if (place_ == place::added) {
            ::unlinkat(folder_.get(), what_.name.c_str(), 0);
        } else if (place_ == place::exchanged) {
            ::renameat2(folder_.get(), temporary_.c_str(), folder_.get(), what_.name.c_str(),
                        RENAME_EXCHANGE);
        }
    }

    /// Nothing is left under the temporary name.
    void clear() noexcept {
        if (file_ || place_ == place::exchanged) {
            ::unlinkat(folder_.get(), temporary_.c_str(), 0);
        }
        file_.reset();
        place_ = place::unknown;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    [[nodiscard]] bool has_access(const struct stat& found) const {
        return found.st_uid == where_.owner.user.value_or(::geteuid()) &&
               found.st_gid == where_.owner.group.value_or(found.st_gid) &&
               (found.st_mode & all_mode_bits) == what_.mode;
    }

    result<void> create() {
        constexpr int tries = 3;
        for (int i = 0; i < tries && !file_; ++i) {
            file_ = unique_fd(uninterrupted([&] {
                return ::openat(folder_.get(), temporary_.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, what_.mode & 0600U);
            }));
            // A crash has left it. What is a folder stays, and is the error.
            if (!file_ && (errno != EEXIST || ::unlinkat(folder_.get(), temporary_.c_str(), 0) < 0)) {
                break;
            }
        }
        return file_ ? result<void>() : fail(trouble("cannot write"));
    }

    [[nodiscard]] error trouble(std::string_view action) const {
        return output_error(errno, fmt::format("{} {}", action, path_), where_.path, service_);
    }

    const unique_fd& folder_;
    const output_folder& where_;
    const rendered_file& what_;
    std::string_view service_;
    std::string path_;
    std::string temporary_;
    unique_fd file_; ///< open while the new file is under the temporary name
    enum class place { unknown, added, exchanged } place_ = place::unknown; ///< exchanged: the old one is
};

result<unique_fd> open_target(const output_folder& folder, std::string_view service) {
    const bool for_others = std::ranges::any_of(
        folder.files, [](const auto& file) { return (file.mode & readable_by_others) != 0; });
    new_folder how;
    how.owner = folder.owner.user;
    how.group = folder.owner.group;
    how.mode = for_others ? 0755 : 0750;
    how.service = service;
    return open_folder(folder.path, &how);
}

} // namespace

result<file_owner> owner_of(const certificate_output& output) {
    file_owner who;
    if (!output.owner.empty()) {
        if (const auto user = entry_of<passwd>(output.owner, ::getpwnam_r)) {
            who.user = user->pw_uid;
            who.group = user->pw_gid;
        } else if (const auto number = number_in(output.owner)) {
            who.user = *number;
        } else {
            return fail(errc::not_found, fmt::format("there is no user {} on this machine any more, to whom "
                                                     "the files in {} are to belong",
                                                     output.owner, output.directory));
        }
    }
    if (!output.group.empty()) {
        if (const auto group = entry_of<::group>(output.group, ::getgrnam_r)) {
            who.group = group->gr_gid;
        } else if (const auto number = number_in(output.group)) {
            who.group = *number;
        } else {
            return fail(errc::not_found,
                        fmt::format("there is no group {} on this machine any more, to which "
                                    "the files in {} are to belong",
                                    output.group, output.directory));
        }
    }
    return who;
}

result<std::vector<std::string>> write_outputs(const std::vector<output_folder>& folders,
                                               std::string_view service) {
    std::vector<unique_fd> open;
    open.reserve(folders.size()); // staged files refer to them
    std::vector<staged_file> staged;
    for (const output_folder& folder : folders) {
        auto target = open_target(folder, service);
        if (!target) {
            return fail(std::move(target.error()));
        }
        open.push_back(std::move(*target));
        for (const rendered_file& file : folder.files) {
            staged_file next(open.back(), folder, file, service);
            const auto there = next.is_there();
            if (!there) {
                return fail(there.error());
            }
            if (*there) {
                next.sweep();
                continue;
            }
            if (auto written = next.write(); !written) {
                return fail(std::move(written.error()));
            }
            staged.push_back(std::move(next));
        }
    }
    for (const staged_file& file : staged) {
        if (auto durable = file.sync(); !durable) {
            return fail(std::move(durable.error()));
        }
    }
    std::vector<std::string> written;
    for (staged_file& file : staged) {
        if (auto placed = file.put_in_place(); !placed) {
            // A new chain beside an old key keeps a server from starting.
            std::ranges::for_each(staged, &staged_file::take_back);
            return fail(std::move(placed.error()));
        }
        written.push_back(file.path());
    }
    std::ranges::for_each(staged, &staged_file::clear);
    for (std::size_t i = 0; i < folders.size() && !written.empty(); ++i) {
        if (auto durable = backends::sync(open[i].get(), folders[i].path); !durable) {
            return fail(std::move(durable.error()));
        }
    }
    return written;
}

} // namespace evercert::daemon
