#include "systemd/listen_fds.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace evercert;

namespace {

/// Descriptor 3 has to be ours, so each case runs in a child; its exit code tells which check failed, 0 if
/// none.
template <class Body>
int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void announce(const char* count, const char* names) {
    ::setenv("LISTEN_PID", fmt::format("{}", ::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    ::setenv("LISTEN_FDNAMES", names, 1);
}

} // namespace

TEST_CASE("Passed descriptors are taken over with their names, once") {
    const int failed = in_child([] {
        const int source = ::open("/dev/null", O_RDONLY);
        ::dup2(source, 3);
        ::dup2(source, 4);
        announce("2", "http:alpn");
        const auto taken = systemd::take_listen_fds();
        if (!taken || taken->size() != 2) {
            return 1;
        }
        if ((*taken)[0].name != "http" || (*taken)[0].descriptor != 3 || (*taken)[1].name != "alpn" ||
            (*taken)[1].descriptor != 4) {
            return 2;
        }
        if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) {
            return 3;
        }
        const auto again = systemd::take_listen_fds();
        return again && again->empty() && ::getenv("LISTEN_FDS") == nullptr ? 0 : 4;
    });
    CHECK(failed == 0);
}

TEST_CASE("Descriptors meant for another process are left alone") {
    const int failed = in_child([] {
        ::setenv("LISTEN_PID", "1", 1);
        ::setenv("LISTEN_FDS", "1", 1);
        const auto taken = systemd::take_listen_fds();
        return taken && taken->empty() ? 0 : 1;
    });
    CHECK(failed == 0);
}

TEST_CASE("A garbled descriptor count is an error that names the variable") {
    const int failed = in_child([] {
        announce("many", "x");
        const auto taken = systemd::take_listen_fds();
        return !taken && taken.error().message.find("LISTEN_FDS") != std::string::npos ? 0 : 1;
    });
    CHECK(failed == 0);
}
