#include "daemon/migrate/owner.hpp"

#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <pwd.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace evercert::daemon {

namespace files = std::filesystem;

namespace {

constexpr const char* daemon_user = "evercert";

/// The group first: without the right user it could not be changed any more.
bool switch_to(uid_t user, gid_t group) {
    if (::geteuid() == 0) {
        return ::setegid(group) == 0 && ::seteuid(user) == 0;
    }
    return ::seteuid(user) == 0 && ::setegid(group) == 0;
}

result<void> sync_folder(const std::string& folder) {
    const unique_fd open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open || ::fsync(open.get()) != 0) {
        return fail(system_error(errno, fmt::format("cannot sync {}", folder)));
    }
    return {};
}

result<void> write_whole(const std::string& path, std::string_view text, unsigned mode, file_owner owner) {
    const unique_fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const auto wrong = [&] { return fail(system_error(errno, fmt::format("cannot write {}", path))); };
    if (!file) {
        return wrong();
    }
    while (!text.empty()) {
        const ssize_t written = uninterrupted([&] { return ::write(file.get(), text.data(), text.size()); });
        if (written < 0) {
            return wrong();
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::geteuid() == 0 && ::fchown(file.get(), owner.user, owner.group) != 0) {
        return wrong();
    }
    if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) {
        return wrong();
    }
    return {};
}

} // namespace

result<file_owner> prepare_data_dir(const std::string& data_dir) {
    struct stat info{};
    if (::stat(data_dir.c_str(), &info) == 0) {
        return file_owner{info.st_uid, info.st_gid};
    }
    if (errno != ENOENT) {
        return fail(system_error(errno, fmt::format("cannot look at data_dir {}", data_dir)));
    }
    const file_owner self{::geteuid(), ::getegid()};
    const passwd* const user = self.user == 0 ? ::getpwnam(daemon_user) : nullptr;
    if (user == nullptr) {
        return self;
    }
    const file_owner owner{user->pw_uid, user->pw_gid};
    std::error_code wrong;
    files::create_directories(files::path(data_dir).parent_path(), wrong);
    if (wrong || ::mkdir(data_dir.c_str(), 0700) != 0 ||
        ::chown(data_dir.c_str(), owner.user, owner.group) != 0) {
        return fail(
            system_error(wrong ? wrong.value() : errno, fmt::format("cannot make data_dir {}", data_dir)));
    }
    return owner;
}

result<acting_as> acting_as::become(file_owner who) {
    if (who.user == ::geteuid() || ::geteuid() != 0) {
        return acting_as(false);
    }
    if (!switch_to(who.user, who.group)) {
        return fail(
            system_error(errno, fmt::format("cannot act as user id {}, whom data_dir belongs to", who.user)));
    }
    return acting_as(true);
}

acting_as::~acting_as() {
    if (changed_ && !switch_to(0, 0)) {
        std::fputs("evercert: cannot become root again\n", stderr);
        std::terminate(); // what follows would be done by the wrong user
    }
}

result<void> write_file(const std::string& path, std::string_view text, unsigned mode, file_owner owner,
                        bool replace) {
    const std::string folder = files::path(path).parent_path().string();
    std::error_code wrong;
    files::create_directories(folder, wrong);
    if (wrong) {
        return fail(system_error(wrong.value(), fmt::format("cannot make the folder {}", folder)));
    }
    const std::string aside = path + ".new-by-evercert";
    ::unlink(aside.c_str()); // of a run that was interrupted
    auto written = write_whole(aside, text, mode, owner);
    if (written) {
        // A link, unlike a rename, never takes the place of a file that came meanwhile.
        const int done =
            replace ? ::rename(aside.c_str(), path.c_str()) : ::link(aside.c_str(), path.c_str());
        if (done != 0) {
            written = fail(errno == EEXIST ? error(errc::exists, fmt::format("{} is there already", path))
                                           : system_error(errno, fmt::format("cannot write {}", path)));
        }
    }
    ::unlink(aside.c_str());
    return written ? sync_folder(folder) : written;
}

} // namespace evercert::daemon
