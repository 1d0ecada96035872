#include "daemon/outputs/folder_path.hpp"

#include "core/base/text.hpp"
#include "daemon/outputs/trouble.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

namespace evercert::daemon {
namespace {

constexpr int most_links = 40; // as the kernel has it
constexpr std::size_t longest_path = 4096;

/// A folder on the way, held.
struct step {
    unique_fd folder;
    std::string name; ///< empty for "/"
};

class walk {
public:
    walk(std::string_view path, const new_folder* make)
        : asked_(path), make_(make), rest_(names_on(path.substr(0, longest_path))) {}

    result<unique_fd> run() {
        if (!asked_.starts_with('/') || asked_.size() >= longest_path || asked_.contains('\0')) {
            return fail(errc::invalid_argument,
                        fmt::format("{} is not the absolute path of a folder", quoted(asked_)));
        }
        if (!start()) {
            return fail(system_error(errno, "cannot open /"));
        }
        while (!rest_.empty()) {
            const std::string name = std::move(rest_.front());
            rest_.pop_front();
            if (auto gone = advance(name); !gone) {
                return fail(std::move(gone.error()));
            }
        }
        // What is held so far can only be looked from; this one is also read and synced.
        unique_fd open(
            uninterrupted([&] { return ::openat(here(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
        if (!open) {
            return fail(trouble("cannot open " + shown("")));
        }
        return open;
    }

private:
    [[nodiscard]] int here() const { return steps_.back().folder.get(); }
    static std::string quoted(std::string_view path) { return fmt::format("\"{}\"", escape(path, 300)); }

    /// The path walked so far, with one more name.
    [[nodiscard]] std::string shown(std::string_view name) const {
        std::string path;
        for (const step& each : steps_) {
            path += each.name.empty() ? "" : "/" + each.name;
        }
        path += name.empty() ? "" : fmt::format("/{}", name);
        return path.empty() ? "/" : escape(path, 400);
    }

    /// errno's, with the mend if it is about writing.
    [[nodiscard]] error trouble(const std::string& what) const {
        return make_ == nullptr ? system_error(errno, what)
                                : output_error(errno, what, std::string(asked_), make_->service);
    }

    bool start() {
        steps_.clear();
        unique_fd root(uninterrupted([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }));
        const bool open = static_cast<bool>(root);
        steps_.push_back({std::move(root), ""});
        return open;
    }

    unique_fd look_up(const std::string& name) const {
        return unique_fd(uninterrupted(
            [&] { return ::openat(here(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
    }

    result<void> advance(const std::string& name) {
        if (name == "..") {
            if (steps_.size() > 1) {
                steps_.pop_back();
            }
            return {};
        }
        unique_fd next = look_up(name);
        if (!next && errno == ENOENT && make_ != nullptr && rest_.empty()) {
            auto made = make(name);
            if (!made) {
                return fail(std::move(made.error()));
            }
            next = std::move(*made);
        }
        if (next) {
            steps_.push_back({std::move(next), name});
            return {};
        }
        if (errno == ENOTDIR || errno == ELOOP) {
            return follow(name);
        }
        if (errno == ENOENT) {
            return fail(errc::not_found,
                        fmt::format("there is no folder {}{}", shown(name),
                                    make_ != nullptr ? "; only the last folder of a path is made, make this "
                                                       "one first"
                                                     : ""));
        }
        return fail(trouble("cannot open " + shown(name)));
    }

    /// `name` is no folder: perhaps a link that may be followed.
    result<void> follow(const std::string& name) {
        struct stat folder{};
        struct stat found{};
        if (::fstat(here(), &folder) < 0 ||
            ::fstatat(here(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0) {
            return fail(system_error(errno, "cannot look at " + shown(name)));
        }
        if (!S_ISLNK(found.st_mode)) {
            return fail(errc::refused, shown(name) + " is in the way: it is no folder");
        }
        if ((found.st_uid != 0 && found.st_uid != ::geteuid()) || !only_ours(folder)) {
            return fail(errc::refused,
                        fmt::format("{} is a symbolic link that others than root can change, and is not "
                                    "followed: write the path it leads to in its place",
                                    shown(name)));
        }
        std::array<char, longest_path> buffer{};
        const ssize_t size =
            uninterrupted([&] { return ::readlinkat(here(), name.c_str(), buffer.data(), buffer.size()); });
        if (size < 0) {
            return fail(system_error(errno, "cannot read the link " + shown(name)));
        }
        const std::string_view target(buffer.data(), static_cast<std::size_t>(size));
        if (++links_ > most_links || target.size() == buffer.size()) {
            return fail(errc::refused, shown(name) + " is one of too many symbolic links");
        }
        std::deque<std::string> parts = names_on(target);
        rest_.insert(rest_.begin(), parts.begin(), parts.end());
        if (target.starts_with('/') && !start()) {
            return fail(system_error(errno, "cannot open /"));
        }
        return {};
    }

    result<unique_fd> make(const std::string& name) {
        struct stat above{};
        if (::fstat(here(), &above) < 0) {
            return fail(system_error(errno, "cannot look at " + shown("")));
        }
        // In a sticky folder such as /tmp others can make folders too, but cannot move ours away.
        above.st_mode &= (above.st_mode & S_ISVTX) != 0 ? ~mode_t(S_IWGRP | S_IWOTH) : ~mode_t(0);
        if (!only_ours(above)) {
            return fail(
                errc::refused,
                fmt::format("{} does not exist and is not made, because others can write to {}: make it "
                            "yourself, with the owner and mode it is to have",
                            shown(name), shown("")));
        }
        if (::mkdirat(here(), name.c_str(), 0700) < 0 && errno != EEXIST) {
            return fail(trouble("cannot make the folder " + shown(name)));
        }
        unique_fd folder(uninterrupted(
            [&] { return ::openat(here(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
        struct stat made{};
        if (!folder || ::fstat(folder.get(), &made) < 0) {
            return fail(trouble("cannot open " + shown(name)));
        }
        if (made.st_uid != ::geteuid()) {
            return folder; // somebody was faster: it is theirs
        }
        if ((make_->owner || make_->group) &&
            ::fchown(folder.get(), make_->owner.value_or(uid_t(-1)), make_->group.value_or(gid_t(-1))) < 0) {
            return unmake(name, "cannot give the new folder " + shown(name) + " its owner and group");
        }
        if (::fchmod(folder.get(), make_->mode) < 0) {
            return unmake(name, "cannot set the mode of the new folder " + shown(name));
        }
        const unique_fd parent(
            uninterrupted([&] { return ::openat(here(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
        if (!parent || ::fsync(parent.get()) < 0) {
            return unmake(name, "cannot make the folder " + shown(name) + " last");
        }
        return folder;
    }

    std::unexpected<error> unmake(const std::string& name, const std::string& what) const {
        error why = trouble(what);
        ::unlinkat(here(), name.c_str(), AT_REMOVEDIR);
        return fail(std::move(why));
    }

    std::string_view asked_;
    const new_folder* make_;
    std::deque<std::string> rest_; ///< still to be walked
    std::vector<step> steps_;      ///< from "/" on; ".." goes back here, wherever folders have been moved
    int links_ = 0;
};

} // namespace

std::deque<std::string> names_on(std::string_view path) {
    std::deque<std::string> parts;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
        path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
    }
    return parts;
}

bool only_ours(const struct stat& what) noexcept {
    return (what.st_uid == 0 || what.st_uid == ::geteuid()) && (what.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

result<unique_fd> open_folder(std::string_view path, const new_folder* make) {
    return walk(path, make).run();
}

} // namespace evercert::daemon
