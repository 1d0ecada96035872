#include "daemon/sandbox/system_calls.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <seccomp.h>

namespace evercert::daemon {
namespace {

/// What no part of the daemon has use for and what a stranger inside it would want first. A list of what is
/// allowed is the unit's: it comes with systemd, which follows new kernels and C libraries; a list that
/// stands still in a program would end it on the day when one of them uses a new call.
constexpr std::array given_up{
    // programs
    "execve",
    "execveat",
    // other processes
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "process_madvise",
    // mounts, roots, namespaces
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "open_by_handle_at",
    "name_to_handle_at",
    // the kernel itself
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "iopl",
    "ioperm",
    "reboot",
    "swapon",
    "swapoff",
    "quotactl",
    "acct",
    "syslog",
    "vhangup",
    "lookup_dcookie",
    "nfsservctl",
    // keys of others, ways around a filter
    "add_key",
    "request_key",
    "keyctl",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    // who one is, what time it is
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
    "personality",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "mknod",
    "mknodat",
};

struct release_filter {
    void operator()(scmp_filter_ctx filter) const noexcept { seccomp_release(filter); }
};
using filter_ptr = std::unique_ptr<void, release_filter>;

} // namespace

result<void> filter_system_calls() {
    const filter_ptr filter(seccomp_init(SCMP_ACT_ALLOW));
    if (!filter) {
        return fail(errc::unsupported, "no filter of system calls can be made");
    }
    for (const char* const name : given_up) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) {
            continue; // this machine has no such call
        }
        if (const int wrong = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0); wrong < 0) {
            return fail(errc::unsupported,
                        fmt::format("no filter for the system call {}: {}", name, std::strerror(-wrong)));
        }
    }
    if (const int wrong = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); wrong < 0) {
        return fail(errc::unsupported,
                    fmt::format("a filter cannot reach all threads: {} (a unit must allow the call: "
                                "SystemCallFilter=seccomp)",
                                std::strerror(-wrong)));
    }
    if (const int wrong = seccomp_load(filter.get()); wrong < 0) {
        return fail(errc::unsupported, fmt::format("the kernel does not take a filter of system calls: {}",
                                                   std::strerror(-wrong)));
    }
    return {};
}

} // namespace evercert::daemon
