#include "daemon/helper/trust.hpp"

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/base/user_name.hpp"
#include "daemon/outputs/folder_path.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>

namespace evercert::daemon {
namespace {

constexpr int most_links = 40;

std::string owner_text(uid_t uid) {
    const auto name = user_name(uid);
    return name ? fmt::format("{} (uid {})", escape(*name, 50), uid) : fmt::format("uid {}", uid);
}

/// One walk from "/" to a file.
class walk {
public:
    explicit walk(const std::string& path) : path_(path) {}

    result<void> run();

private:
    result<void> restart();
    result<void> step(const std::string& name);
    result<void> follow(const unique_fd& link, const struct stat& info, const std::string& shown);
    [[nodiscard]] result<void> check(const struct stat& info, const std::string& shown) const;
    void put_in_front(std::string_view path);
    [[nodiscard]] error refusal(std::string why) const {
        return {errc::refused, fmt::format("{} is not to be trusted: {}", escape(path_), why)};
    }

    const std::string& path_;
    std::deque<std::string> ahead_;
    unique_fd here_;
    std::string shown_; ///< the path of `here_`, "" for "/"
    bool arrived_ = false;
    int links_ = 0;
};

void walk::put_in_front(std::string_view path) {
    const std::deque<std::string> parts = names_on(path);
    ahead_.insert(ahead_.begin(), parts.begin(), parts.end());
}

result<void> walk::check(const struct stat& info, const std::string& shown) const {
    const bool others_write = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (info.st_uid == 0 && !others_write) {
        return {};
    }
    const std::string name = escape(shown);
    std::string mend;
    if (info.st_uid != 0) {
        mend = fmt::format("chown root: {}", name);
    }
    if (others_write) {
        mend += fmt::format("{}chmod go-w {}", mend.empty() ? "" : " && ", name);
    }
    if ((info.st_mode & S_ISVTX) != 0 && S_ISDIR(info.st_mode)) {
        mend = "move the file to a folder in which only root can write";
    }
    return fail(
        refusal(fmt::format("{} belongs to {} and has mode {:04o}, so that others than root can change "
                            "what root would use or run. Mend: {}",
                            name, owner_text(info.st_uid), info.st_mode & 07777U, mend)));
}

result<void> walk::restart() {
    here_ = unique_fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    shown_.clear();
    struct stat info{};
    if (!here_ || ::fstat(here_.get(), &info) != 0) {
        return fail(system_error(errno, "cannot open /"));
    }
    return check(info, "/");
}

result<void> walk::follow(const unique_fd& link, const struct stat& info, const std::string& shown) {
    if (info.st_uid != 0) {
        return fail(refusal(fmt::format("the symbolic link {} belongs to {}. Mend: chown -h root: {}",
                                        escape(shown), owner_text(info.st_uid), escape(shown))));
    }
    if (++links_ > most_links) {
        return fail(refusal("too many symbolic links"));
    }
    std::array<char, 4096> target{};
    const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size <= 0 || static_cast<std::size_t>(size) == target.size()) {
        return fail(refusal(fmt::format("the symbolic link {} cannot be read", escape(shown))));
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    put_in_front(text);
    return text.front() == '/' ? restart() : result<void>();
}

result<void> walk::step(const std::string& name) {
    std::string shown = shown_ + "/" + name;
    if (name == "..") {
        shown = shown_.substr(0, shown_.find_last_of('/') == shown_.npos ? 0 : shown_.find_last_of('/'));
    }
    unique_fd next(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info{};
    if (!next || ::fstat(next.get(), &info) != 0) {
        return fail(system_error(errno, fmt::format("cannot look at {}", escape(shown))));
    }
    if (S_ISLNK(info.st_mode)) {
        return follow(next, info, shown);
    }
    if (auto good = check(info, shown.empty() ? "/" : shown); !good) {
        return good;
    }
    arrived_ = S_ISREG(info.st_mode);
    here_ = std::move(next);
    shown_ = std::move(shown);
    return {};
}

result<void> walk::run() {
    if (!path_.starts_with('/')) {
        return fail(errc::invalid_argument,
                    fmt::format("{} is not to be trusted: give its whole path, from / on", escape(path_)));
    }
    put_in_front(path_);
    if (auto begun = restart(); !begun) {
        return begun;
    }
    while (!ahead_.empty()) {
        const std::string name = std::move(ahead_.front());
        ahead_.pop_front();
        if (auto stepped = step(name); !stepped) {
            return stepped;
        }
    }
    return arrived_ ? result<void>() : fail(refusal("it is no regular file"));
}

} // namespace

result<void> check_trusted(const std::string& path) {
    return walk(path).run();
}

} // namespace evercert::daemon
