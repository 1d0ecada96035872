// A filter of system calls never goes again: the process that has one is a child.
#include "tests/core/backends/running.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace evercert;

namespace {

bool told(const result<process_outcome>& outcome, std::string_view words) {
    return !outcome && outcome.error().message.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("a process that has given up running programs says how it gets to run one") {
    const pid_t child = ::fork();
    if (child == 0) {
        std::array<sock_filter, 4> program{{
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        }};
        const sock_fprog filter{program.size(), program.data()};
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
            ::_exit(1);
        }
        ::_exit(told(testing::try_run(process_request({"/bin/true"})), "systemctl restart") ? 0 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
