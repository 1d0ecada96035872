#include "daemon/outputs/trouble.hpp"

#include "core/base/user_name.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <unistd.h>

namespace evercert::daemon {
namespace {

/// As `evercert explain` takes it apart.
constexpr std::string_view mend_mark = ". What to do: ";

std::string let_it_write(const std::string& folder, std::string_view service) {
    return fmt::format(
        "the service is kept from {0}: add ReadWritePaths={0} to {1}.service ('systemctl edit "
        "{1}', under [Service]) and restart it; if it does not run under systemd, see that the "
        "file system is mounted writable",
        folder, service);
}

} // namespace

error with_mend(error why, const std::string& folder) {
    if (why.code == errc::no_space) {
        why.message += fmt::format("{}free some space on the disk that holds {} ('df -h' and 'df -i' show "
                                   "it) or raise the quota. What "
                                   "was there is untouched",
                                   mend_mark, folder);
    }
    return why;
}

error output_error(int errno_value, std::string_view what, const std::string& folder,
                   std::string_view service) {
    error why = with_mend(system_error(errno_value, what), folder);
    const bool denied = errno_value == EACCES || errno_value == EPERM;
    if (errno_value == EROFS || (denied && ::geteuid() == 0)) {
        why.message += std::string(mend_mark) + let_it_write(folder, service);
    } else if (denied) {
        why.message += fmt::format(
            "{}{} runs as user {}, who may not do that: give the user the right to write "
            "to {} and leave `owner` out, with a `group` that the user is in; or run it "
            "as root",
            mend_mark, service, user_name(::geteuid()).value_or(fmt::format("{}", ::geteuid())), folder);
    }
    return why;
}

} // namespace evercert::daemon
