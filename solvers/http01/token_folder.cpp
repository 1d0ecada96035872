#include "solvers/http01/token_folder.hpp"

#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace evercert::solvers {
namespace {

constexpr std::array<const char*, 2> steps{".well-known", "acme-challenge"};
/// The web server runs as somebody else.
constexpr mode_t folder_mode = 0755;
constexpr mode_t file_mode = 0644;

error trouble(int why, std::string_view what, const std::string& where) {
    error told = system_error(why, fmt::format("cannot {} {}", what, where));
    switch (why) {
    case EROFS:
        told.message +=
            fmt::format(". Under systemd the daemon sees most folders as read-only: run `systemctl edit "
                        "evercertd`, add the lines [Service] and ReadWritePaths={}, and restart it",
                        where);
        break;
    case EACCES:
        if (::access(where.c_str(), R_OK | W_OK | X_OK) == 0) { // Landlock refuses what permissions allow
            told.message += ". Its permissions allow it, but the daemon gave up writing to folders that did "
                            "not exist or were of no use to it when it started: systemctl restart evercertd";
            break;
        }
        [[fallthrough]];
    case EPERM:
        told.message +=
            ". Give the daemon's user the right to write there: `setfacl -m u:evercert:rwx` on the folder";
        break;
    case ELOOP:
    case ENOTDIR:
        told.message +=
            ". Symbolic links are not followed below the webroot, since whoever may write there could "
            "lead the daemon elsewhere: put a folder there";
        break;
    case ENOENT:
        told.message += ". `webroot` has to be the folder that the web server serves";
        break;
    default:
        break;
    }
    return told;
}

unique_fd open_root(const std::string& root) {
    return unique_fd(uninterrupted([&] { return ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

unique_fd open_step(int above, const char* name) {
    return unique_fd(uninterrupted(
        [&] { return ::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
}

/// The folder of tokens, made if it is missing.
result<unique_fd> make_folder(const std::string& root) {
    unique_fd folder = open_root(root);
    if (!folder) {
        return fail(trouble(errno, "open", root));
    }
    std::string path = root == "/" ? "" : root;
    for (const char* step : steps) {
        const std::string above = path.empty() ? "/" : path;
        path.append("/").append(step);
        const bool made = uninterrupted([&] { return ::mkdirat(folder.get(), step, folder_mode); }) == 0;
        if (!made && errno != EEXIST) {
            return fail(trouble(errno, "make a folder in", above));
        }
        unique_fd next = open_step(folder.get(), step);
        if (!next) {
            return fail(trouble(errno, "open", path));
        }
        if (made && ::fchmod(next.get(), folder_mode) < 0) { // whatever the umask
            return fail(trouble(errno, "set the mode of", path));
        }
        folder = std::move(next);
    }
    return folder;
}

result<void> write_whole(int file, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t n = uninterrupted([&] { return ::write(file, bytes.data(), bytes.size()); });
        if (n <= 0) {
            return fail(trouble(n < 0 ? errno : EIO, "write", path));
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fchmod(file, file_mode) < 0) {
        return fail(trouble(errno, "set the mode of", path));
    }
    return {};
}

result<void> try_to_put(const token_file& wanted, bool& gone) {
    auto folder = make_folder(wanted.root);
    if (!folder) {
        return fail(std::move(folder.error()));
    }
    const std::string path = fmt::format("{}/{}/{}", wanted.root, steps[0], steps[1]);
    // A token never begins with a dot, so this name is nobody's answer.
    const std::string aside = ".evercert-" + wanted.token;
    ::unlinkat(folder->get(), aside.c_str(), 0); // of a daemon that died
    const unique_fd file(uninterrupted([&] {
        return ::openat(folder->get(), aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600);
    }));
    if (!file) {
        gone = errno == ENOENT;
        return fail(trouble(errno, "make a file in", path));
    }
    auto written = write_whole(file.get(), wanted.contents, path);
    if (written && uninterrupted([&] {
                       return ::renameat(folder->get(), aside.c_str(), folder->get(), wanted.token.c_str());
                   }) < 0) {
        written = fail(trouble(errno, "make a file in", path));
    }
    if (!written) {
        ::unlinkat(folder->get(), aside.c_str(), 0);
    }
    return written;
}

} // namespace

result<void> put_token(const token_file& wanted) {
    // Whoever takes the last token away may remove the folder between our finding it and using it.
    constexpr int tries = 5;
    result<void> done;
    bool gone = true;
    for (int i = 0; gone && i < tries; ++i) {
        gone = false;
        done = try_to_put(wanted, gone);
    }
    return done;
}

void remove_token(const token_file& wanted) noexcept {
    const unique_fd root = open_root(wanted.root);
    const unique_fd known = root ? open_step(root.get(), steps[0]) : unique_fd();
    const unique_fd folder = known ? open_step(known.get(), steps[1]) : unique_fd();
    if (folder) {
        ::unlinkat(folder.get(), wanted.token.c_str(), 0);
        // Empty ones only: rmdir refuses the others.
        if (::unlinkat(known.get(), steps[1], AT_REMOVEDIR) == 0) {
            ::unlinkat(root.get(), steps[0], AT_REMOVEDIR);
        }
    }
}

} // namespace evercert::solvers
