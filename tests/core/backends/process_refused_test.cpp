// A filter of system calls never goes again: the process that has one is a child.
#include "core/backends/process_runner.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::backends;

namespace {

awaitable<void> run_into(process_runner& runner, process_request request,
                         std::optional<result<process_outcome>>& outcome) {
    outcome = co_await runner.run(std::move(request));
}

bool told(const std::optional<result<process_outcome>>& outcome, std::string_view words) {
    return outcome && !*outcome && outcome->error().message.find(words) != std::string::npos;
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
        asio::io_context loop(1);
        const auto runner = make_process_runner(loop.get_executor());
        std::optional<result<process_outcome>> outcome;
        const process_request request({"/bin/true"});
        asio::co_spawn(loop, run_into(*runner, request, outcome), asio::detached);
        loop.run();
        ::_exit(told(outcome, "systemctl restart") ? 0 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
