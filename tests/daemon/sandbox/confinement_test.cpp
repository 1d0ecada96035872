// What is given up never comes back: every case is a child process of its own.
#include "daemon/sandbox/landlock.hpp"
#include "daemon/sandbox/process_facts.hpp"
#include "daemon/sandbox/sandbox.hpp"
#include "daemon/sandbox/system_calls.hpp"
#include "solvers/http01/token_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/temp_folder.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace evercert;
using namespace evercert::daemon;
using namespace evercert::testing;

namespace {

/// The number of the first promise that was not kept in a child, 0 if all were.
int in_child(const std::function<int()>& promises) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(promises());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int write_errno(const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    ::close(fd);
    return 0;
}

int run_errno() {
    const char* const argv[] = {"true", nullptr};
    const char* const environment[] = {nullptr};
    // Only its failure returns.
    ::execve("/bin/true", const_cast<char* const*>(argv), const_cast<char* const*>(environment));
    return errno;
}

} // namespace

TEST_CASE("Files: writes only where it was said, reads as before, runs nothing") {
    if (landlock_version() < 2) {
        WARN("this kernel has no Landlock of version 2: the restriction of files was not tested");
        return;
    }
    const temp_folder inside;
    const temp_folder outside;
    std::filesystem::create_directories(inside / "a");
    std::filesystem::create_directories(inside / "b");
    std::ofstream(outside / "there") << "text";
    const std::string a = inside / "a/file";
    const std::string b = inside / "b/file";
    const std::string c = inside / "b/link";
    const std::string there = outside / "there";
    CHECK(in_child([&] {
              if (!restrict_files({inside.path(), "/nonexistent/folder"})) {
                  return 1;
              }
              if (write_errno(outside / "new") != EACCES || write_errno(there) != EACCES) {
                  return 2;
              }
              if (::unlink(there.c_str()) == 0 || ::truncate(there.c_str(), 0) == 0) {
                  return 3;
              }
              const int reading = ::open(there.c_str(), O_RDONLY | O_CLOEXEC);
              if (reading < 0) {
                  return 4;
              }
              // What a store does: write, link and move between folders, point a link elsewhere.
              if (write_errno(a) != 0 || ::link(a.c_str(), b.c_str()) != 0 ||
                  ::rename(a.c_str(), c.c_str()) != 0 || ::symlink("b", (inside / "live").c_str()) != 0 ||
                  ::unlink(b.c_str()) != 0) {
                  return 5;
              }
              if (write_errno("/dev/null") != 0) {
                  return 6;
              }
              if (run_errno() != EACCES) {
                  return 7;
              }
              int from_thread = 0;
              std::thread([&] { from_thread = write_errno(outside / "new"); }).join();
              return from_thread == EACCES ? 0 : 8;
          }) == 0);
    CHECK(std::filesystem::file_size(there) == 4);
}

TEST_CASE("System calls: no programs, namespaces or new devices, in every thread; the rest works") {
    const temp_folder inside;
    CHECK(in_child([&] {
              int go[2];
              if (::pipe(go) != 0) {
                  return 1;
              }
              int earlier_thread = 0;
              std::thread before([&] {
                  char byte = 0;
                  [[maybe_unused]] const auto got = ::read(go[0], &byte, 1);
                  earlier_thread = ::unshare(CLONE_NEWUTS) == 0 ? 0 : errno;
              });
              const bool filtered = filter_system_calls().has_value();
              [[maybe_unused]] const auto told = ::write(go[1], "x", 1);
              before.join();
              if (!filtered) {
                  return 2;
              }
              if (earlier_thread != EPERM) {
                  return 3;
              }
              if (run_errno() != EPERM) {
                  return 4;
              }
              if (::setresuid(::getuid(), ::getuid(), ::getuid()) == 0 || errno != EPERM) {
                  return 5;
              }
              if (::mknod((inside / "device").c_str(), S_IFIFO | 0600, 0) == 0 || errno != EPERM) {
                  return 7;
              }
              return read_process_facts().filtered && read_process_facts().no_new_privileges ? 0 : 6;
          }) == 0);
}

TEST_CASE("A process that runs programs gives nothing up and says why") {
    CHECK(in_child([] {
              recorded_events events;
              const sandbox_plan plan{.writable = {"/tmp"}, .reasons_to_run = {"deployments"}};
              const confinement told = enter_sandbox(plan, events);
              if (told.gaps.size() != 2 || told.gaps[0].find("deployments") == std::string::npos) {
                  return 1;
              }
              return run_errno(); // which does not come back: /bin/true ends with 0
          }) == 0);
}

TEST_CASE("A process that runs none gives up both and says so") {
    const temp_folder inside;
    CHECK(in_child([&] {
              recorded_events events;
              const sandbox_plan plan{.writable = {inside.path()}};
              const confinement told = enter_sandbox(plan, events);
              if (!told.no_new_privileges || told.layers.size() + told.gaps.size() < 2) {
                  return 1;
              }
              if (told.gaps.empty() != (landlock_version() >= 2)) {
                  return 2;
              }
              return events.all.empty() ? 3 : 0;
          }) == 0);
}

TEST_CASE("A webroot that was made or replaced after the start asks for a restart, not for permissions") {
    if (landlock_version() < 2) {
        WARN("this kernel has no Landlock of version 2: a webroot under it was not tested");
        return;
    }
    const temp_folder base;
    std::filesystem::create_directories(base / "there");
    CHECK(in_child([&] {
              recorded_events events;
              const sandbox_plan plan{.writable = {base / "there", base / "later"}};
              const confinement told = enter_sandbox(plan, events);
              const std::string& files = told.layers.front();
              if (files.find("below " + base / "there" + ";") == std::string::npos ||
                  files.find(base / "later" + " did not exist") == std::string::npos) {
                  return 1;
              }
              if (!solvers::put_token({base / "there", "token", "contents"})) {
                  return 2;
              }
              const auto refused = solvers::put_token({base.path(), "token", "contents"});
              return !refused && refused.error().message.find("systemctl restart") != std::string::npos ? 0
                                                                                                        : 3;
          }) == 0);
}

TEST_CASE("A filter from outside that keeps Landlock away is not taken for an old kernel") {
    CHECK(in_child([] {
              std::array<sock_filter, 4> program{{
                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
              }};
              const sock_fprog filter{program.size(), program.data()};
              if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
                  return 1;
              }
              const auto refused = restrict_files({"/tmp"});
              return !refused && refused.error().message.find("SystemCallFilter=") != std::string::npos ? 0
                                                                                                        : 2;
          }) == 0);
}

TEST_CASE("What the kernel tells of a process is put into words") {
    const auto facts = [](std::string_view caps, std::string_view last = "40\n") {
        return parse_process_status("Name:\tx\nCapEff:\t" + std::string(caps) +
                                        "\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n",
                                    last);
    };
    CHECK(facts("0000000000000000").capabilities == "none");
    CHECK(facts("000001ffffffffff").capabilities == "all");
    CHECK(facts("0000000000000400").capabilities == "0x400");
    CHECK(facts("000001ffffffffff", "").capabilities == "0x1ffffffffff");
    CHECK(facts("junk").capabilities == "unknown");
    CHECK(facts("0").no_new_privileges);
    CHECK(facts("0").filtered);
    const process_facts none = parse_process_status("", "");
    CHECK(none.capabilities == "unknown");
    CHECK(!none.filtered);
    CHECK(!none.no_new_privileges);
    CHECK(!read_process_facts().user.empty());
}
