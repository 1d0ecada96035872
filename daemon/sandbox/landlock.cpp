#include "daemon/sandbox/landlock.hpp"

#include "core/base/unique_fd.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace evercert::daemon {
namespace {

// linux/landlock.h of Debian 12 is that of Linux 6.1 and does not have all of this.
enum access : std::uint64_t {
    execute = 1ULL << 0,
    write_file = 1ULL << 1,
    remove_dir = 1ULL << 4,
    remove_file = 1ULL << 5,
    make_char = 1ULL << 6,
    make_dir = 1ULL << 7,
    make_reg = 1ULL << 8,
    make_sock = 1ULL << 9,
    make_fifo = 1ULL << 10,
    make_block = 1ULL << 11,
    make_sym = 1ULL << 12,
    refer = 1ULL << 13,    // version 2
    truncate = 1ULL << 14, // version 3
};
constexpr int least_version = 2;

struct ruleset_attribute { // the first member is all that version 1 knows
    std::uint64_t handled_access_fs;
};
struct [[gnu::packed]] path_beneath_attribute {
    std::uint64_t allowed_access;
    std::int32_t parent_fd;
};
constexpr unsigned rule_path_beneath = 1;
constexpr unsigned ask_version = 1;

std::unexpected<error> refused(std::string_view what) {
    return fail(errc::io, fmt::format("{}: {}", what, std::strerror(errno)));
}

/// Adds `rights` at and below `path`. What is not there cannot be opened up.
result<void> allow(int ruleset, const std::string& path, std::uint64_t rights) {
    const unique_fd at(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (at.get() < 0) {
        return {};
    }
    const path_beneath_attribute rule{.allowed_access = rights, .parent_fd = at.get()};
    if (::syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &rule, 0U) != 0) {
        return refused("Landlock does not take the folder " + path);
    }
    return {};
}

} // namespace

int landlock_version() noexcept {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, ask_version);
    return version < 0 ? 0 : static_cast<int>(version);
}

result<void> restrict_files(const std::vector<std::string>& writable) {
    const int version = landlock_version();
    if (version < least_version) {
        // A filter of system calls says "not permitted" to what it does not know.
        return fail(errc::unsupported,
                    version == 0 && errno == EPERM
                        ? "Landlock is not let through by the filter of system calls that we are under: add "
                          "SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self "
                          "seccomp to the unit"
                    : version == 0 ? "the kernel has no Landlock"
                                   : fmt::format("the kernel's Landlock is of version {}, too old", version));
    }
    const std::uint64_t below = write_file | remove_dir | remove_file | make_dir | make_reg | make_sock |
                                make_sym | refer |
                                (version >= landlock_with_truncate ? truncate : std::uint64_t{0});
    const ruleset_attribute handled{.handled_access_fs =
                                        below | execute | make_char | make_fifo | make_block};
    const unique_fd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0U)));
    if (ruleset.get() < 0) {
        return refused("Landlock");
    }
    for (const std::string& folder : writable) {
        if (auto allowed = allow(ruleset.get(), folder, below); !allowed) {
            return allowed;
        }
    }
    if (auto allowed = allow(ruleset.get(), "/dev/null", write_file); !allowed) {
        return allowed;
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0U) != 0) {
        return refused("Landlock");
    }
    return {};
}

} // namespace evercert::daemon
