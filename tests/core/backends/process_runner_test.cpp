// The zoo of programs that do not do as they should. Scripts are run by /bin/sh because a test says so, never
// by the runner. Deadlines are real and short: what is waited for here is a process, not a clock.
#include "tests/core/backends/running.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace evercert;
using namespace evercert::backends;
using testing::run_into;
using testing::shell;
using testing::temp_folder;

namespace {

process_timing quick() {
    process_timing timing;
    timing.grace = milliseconds(100);
    timing.drain = milliseconds(100);
    return timing;
}

result<process_outcome> try_run(process_request request) {
    return testing::try_run(std::move(request), quick());
}

process_outcome run(process_request request) {
    auto outcome = try_run(std::move(request));
    INFO((outcome ? std::string() : outcome.error().text()));
    REQUIRE(outcome.has_value());
    return *outcome;
}

bool no_children() {
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

/// A killed orphan may take a moment to go; it is reaped by init, or stays as a zombie where there is none.
bool goes_away(pid_t pid) {
    for (int i = 0; i < 2000; ++i) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        if (!std::getline(stat, text) || text.find(") Z ") != std::string::npos) {
            return true;
        }
        ::usleep(1000);
    }
    return false;
}

using clock = std::chrono::steady_clock;

} // namespace

TEST_CASE("a program that does its work") {
    auto outcome = run(shell("echo out; echo err >&2"));
    CHECK(outcome.ok());
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.output == "out\nerr\n");
    CHECK(no_children());
}

TEST_CASE("stderr comes apart if asked, both within one limit") {
    auto request = shell("echo out; echo err >&2");
    request.stderr_apart = true;
    auto outcome = run(request);
    CHECK(outcome.output == "out\n");
    CHECK(outcome.errors == "err\n");
    request = shell("head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2");
    request.stderr_apart = true;
    outcome = run(request);
    CHECK(outcome.ok());
    CHECK(outcome.output.size() + outcome.errors.size() == 16 * 1024);
    // A child that holds only stderr open is waited for as for one that holds both, and no longer.
    request = shell("echo out; sleep 60 >/dev/null & exit 0");
    request.stderr_apart = true;
    CHECK(run(request).output == "out\n");
    CHECK(no_children());
}

TEST_CASE("exit codes and signals are told apart") {
    auto one = run(shell("exit 1"));
    CHECK(one.exit_code == 1);
    CHECK(!one.ok());
    CHECK(one.describe() == "exited with 1");
    CHECK(run(shell("exit 255")).exit_code == 255);
    auto killed = run(shell("kill -9 $$"));
    CHECK(killed.exit_code == -1);
    CHECK(killed.signal == SIGKILL);
    CHECK(!killed.ok());
    CHECK(!killed.timed_out);
    CHECK(no_children());
}

TEST_CASE("a program that sleeps past its deadline gets TERM") {
    auto request = shell("echo before; exec sleep 60");
    request.deadline = milliseconds(100);
    auto begin = clock::now();
    auto outcome = run(std::move(request));
    CHECK(clock::now() - begin < seconds(10));
    CHECK(outcome.timed_out);
    CHECK(outcome.signal == SIGTERM);
    CHECK(!outcome.ok());
    CHECK(outcome.output == "before\n");
    CHECK(no_children());
}

TEST_CASE("a program that ignores TERM gets KILL, and so do its children") {
    auto request = shell("trap '' TERM; sleep 60 & echo $!; while :; do wait; done");
    request.deadline = milliseconds(100);
    auto outcome = run(std::move(request));
    CHECK(outcome.timed_out);
    CHECK(outcome.signal == SIGKILL);
    REQUIRE(!outcome.output.empty());
    CHECK(goes_away(std::stoi(outcome.output)));
    CHECK(no_children());
}

TEST_CASE("a program that uses its last chance is still late") {
    auto request = shell("trap 'exit 0' TERM; sleep 60 & wait");
    request.deadline = milliseconds(100);
    auto outcome = run(std::move(request));
    CHECK(outcome.timed_out);
    CHECK(outcome.exit_code == 0);
    CHECK(!outcome.ok());
}

TEST_CASE("a grandchild that keeps the pipe open does not hang us") {
    SECTION("in the group: it is killed") {
        auto begin = clock::now();
        auto outcome = run(shell("sleep 60 & echo $!; exit 3"));
        CHECK(clock::now() - begin < seconds(10));
        CHECK(outcome.exit_code == 3);
        CHECK(!outcome.timed_out);
        REQUIRE(!outcome.output.empty());
        CHECK(goes_away(std::stoi(outcome.output)));
    }
    SECTION("in a session of its own: it is left alone") {
        auto begin = clock::now();
        auto outcome = run(shell("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.05; exit 0"));
        CHECK(clock::now() - begin < seconds(10));
        CHECK(outcome.ok());
        REQUIRE(!outcome.output.empty());
        pid_t orphan = std::stoi(outcome.output);
        CHECK(::kill(orphan, 0) == 0);
        ::kill(orphan, SIGKILL);
    }
    CHECK(no_children());
}

TEST_CASE("output written just before the end is not lost") {
    CHECK(run(shell("(sleep 0.02; echo late) & echo early")).output == "early\nlate\n");
}

TEST_CASE("a flood is read to its end, and its end is kept") {
    auto request = shell("yes no | head -c 48000000; echo why >&2; exit 7");
    request.output_limit = 1000;
    auto outcome = run(request);
    CHECK(outcome.exit_code == 7);
    CHECK(outcome.output.size() == 1000);
    CHECK(outcome.output.ends_with("\nwhy\n"));
    request.stderr_apart = true;
    outcome = run(request);
    CHECK(outcome.errors == "why\n");
    request.output_limit = 0;
    CHECK(run(std::move(request)).output.empty());
}

TEST_CASE("a flood without end stops at the deadline") {
    auto request = process_request({"yes"});
    request.deadline = milliseconds(100);
    auto outcome = run(std::move(request));
    CHECK(outcome.timed_out);
    CHECK(outcome.output.size() == request.output_limit);
}

TEST_CASE("a program that closes its output early is waited for") {
    auto outcome = run(shell("exec >&- 2>&-; sleep 0.05; exit 4"));
    CHECK(outcome.exit_code == 4);
    CHECK(outcome.output.empty());
}

TEST_CASE("reading stdin meets its end") {
    CHECK(run(shell("cat; echo done")).output == "done\n");
    CHECK(run(process_request({"readlink", "/proc/self/fd/0"})).output == "/dev/null\n");
}

TEST_CASE("programs that are not there or may not be run") {
    temp_folder folder;
    auto refused = [](process_request request, const char* word) {
        auto outcome = try_run(std::move(request));
        REQUIRE(!outcome.has_value());
        CHECK(outcome.error().code == errc::not_found);
        INFO(outcome.error().message);
        CHECK(outcome.error().message.find(word) != std::string::npos);
    };
    refused(process_request({"evercert-no-such-program"}), "/usr/local/sbin");
    refused(process_request({folder / "none"}), "none");
    refused(process_request({folder.path()}), "execute permission");
    std::ofstream(folder / "script") << "#!/bin/sh\nexit 0\n";
    ::chmod((folder / "script").c_str(), 0600);
    refused(process_request({folder / "script"}), "chmod +x");
    ::chmod((folder / "script").c_str(), 0700);
    CHECK(run(process_request({folder / "script"})).ok());
    std::ofstream(folder / "orphan") << "#!/no/such/interpreter\n";
    ::chmod((folder / "orphan").c_str(), 0700);
    refused(process_request({folder / "orphan"}), "interpreter");
    std::ofstream(folder / "text") << "just text\n";
    ::chmod((folder / "text").c_str(), 0700);
    refused(process_request({folder / "text"}), "interpreter");
    CHECK(no_children());

    for (auto bad :
         {process_request(), process_request({""}), process_request({"/bin/echo", std::string("a\0b", 3)})}) {
        auto outcome = try_run(bad);
        REQUIRE(!outcome.has_value());
        CHECK(outcome.error().code == errc::invalid_argument);
    }
    for (std::string name : {"", "A=B"}) {
        process_request request({"/bin/echo"});
        request.environment.emplace_back(name, "x");
        CHECK(try_run(request).error().code == errc::invalid_argument);
    }
}

TEST_CASE("the environment is clean") {
    ::setenv("EVERCERT_TEST_SECRET", "canary", 1);
    process_request request({"/usr/bin/env"});
    request.environment = {{"EVERCERT_NAME", "a b;$(c)\n"}, {"LANG", "C"}};
    auto outcome = run(std::move(request));
    ::unsetenv("EVERCERT_TEST_SECRET");
    REQUIRE(outcome.ok());
    CHECK(outcome.output.starts_with(
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\nHOME=/"));
    CHECK(outcome.output.ends_with("\nEVERCERT_NAME=a b;$(c)\n\n"));
    CHECK(outcome.output.find("canary") == std::string::npos);
    CHECK(run(process_request({"/usr/bin/env"})).output.find("LANG=C.UTF-8\n") != std::string::npos);
}

TEST_CASE("arguments arrive one by one, whatever is in them") {
    temp_folder folder;
    std::string target = folder / "made";
    process_request request({"/usr/bin/printf", "[%s]", "$(touch " + target + ")", "; touch " + target,
                             "`id`", "a\nb", "*", "", "-n", "\xff"});
    auto outcome = run(std::move(request));
    CHECK(outcome.output == "[$(touch " + target + ")][; touch " + target + "][`id`][a\nb][*][][-n][\xff]");
    CHECK(!std::filesystem::exists(target));
}

TEST_CASE("no descriptor is inherited, signals are as new, the group is its own") {
    int leaked = ::fcntl(STDERR_FILENO, F_DUPFD, 50); // without O_CLOEXEC
    struct sigaction old{};
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &old);
    sigset_t block;
    sigset_t before;
    ::sigemptyset(&block);
    ::sigaddset(&block, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &block, &before);
    auto fds = run(shell("for fd in $(seq 0 99); do test -e /proc/$$/fd/$fd && echo -n \"$fd \"; done"));
    auto status = run(process_request({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}));
    auto group = run(shell("test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo own"));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::sigaction(SIGPIPE, &old, nullptr);
    ::close(leaked);
    CHECK(fds.output == "0 1 2 ");
    unsigned long long blocked = 1;
    unsigned long long ignored = 1;
    REQUIRE(std::sscanf(status.output.c_str(), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
    CHECK(blocked == 0);
    CHECK((ignored & ~0x180000000ULL) == 0); // 32 and 33 are the C library's own and not for us to reset
    CHECK(group.output == "own\n");
}

TEST_CASE("a program does not wait behind others because the daemon does") {
    const int before = ::sched_getscheduler(0);
    const sched_param none{};
    REQUIRE(::sched_setscheduler(0, SCHED_BATCH, &none) == 0);
    auto policy = run(process_request({"cut", "-d ", "-f41", "/proc/self/stat"}));
    REQUIRE(::sched_setscheduler(0, before, &none) == 0);
    CHECK(policy.output == std::to_string(SCHED_OTHER) + "\n");
}

TEST_CASE("cancelling ends the whole group and leaves no zombie") {
    temp_folder folder;
    std::string pids = folder / "pids";
    asio::io_context loop(1);
    auto runner = make_process_runner(loop.get_executor(), quick());
    std::optional<result<process_outcome>> outcome;
    asio::cancellation_signal cancel;
    std::exception_ptr thrown;
    bool ended = false;
    bool reaped = false;
    auto request = shell("trap '' TERM; sleep 60 & echo $$ $! > " + pids + ".new; mv " + pids + ".new " +
                         pids + "; wait");
    asio::co_spawn(loop, run_into(*runner, std::move(request), outcome),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) {
                       thrown = e;
                       ended = true;
                       reaped = no_children();
                   }));
    auto begin = clock::now();
    while (!std::filesystem::exists(pids) && clock::now() - begin < seconds(20)) {
        loop.run_one_for(milliseconds(5));
    }
    pid_t leader = 0;
    pid_t child = 0;
    std::ifstream(pids) >> leader >> child;
    REQUIRE(child > 0);
    cancel.emit(asio::cancellation_type::terminal);
    loop.run();
    REQUIRE(ended);
    CHECK(reaped);
    CHECK(!outcome.has_value());
    REQUIRE(thrown != nullptr);
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& e) {
        CHECK(e.code() == asio::error::operation_aborted);
    }
    CHECK(::kill(leader, 0) == -1);
    CHECK(goes_away(child));
}

TEST_CASE("a loop that is torn down leaves no program behind") {
    pid_t leader = 0;
    temp_folder folder;
    {
        asio::io_context loop(1);
        auto runner = make_process_runner(loop.get_executor(), quick());
        std::optional<result<process_outcome>> outcome;
        asio::co_spawn(loop,
                       run_into(*runner, shell("echo $$ > " + (folder / "pid") + "; exec sleep 60"), outcome),
                       [](std::exception_ptr) {});
        auto begin = clock::now();
        while (leader == 0 && clock::now() - begin < seconds(20)) {
            loop.run_one_for(milliseconds(5));
            std::ifstream(folder / "pid") >> leader;
        }
    }
    REQUIRE(leader > 0);
    CHECK(::kill(leader, 0) == -1);
    CHECK(no_children());
}

TEST_CASE("many at once do not disturb each other") {
    asio::io_context loop(1);
    auto runner = make_process_runner(loop.get_executor(), quick());
    std::vector<std::optional<result<process_outcome>>> outcomes(40);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        auto number = std::to_string(i);
        asio::co_spawn(loop, run_into(*runner, shell("echo " + number + "; exit " + number), outcomes[i]),
                       [](std::exception_ptr e) { CHECK(e == nullptr); });
    }
    loop.run();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        REQUIRE(outcomes[i].has_value());
        REQUIRE(outcomes[i]->has_value());
        CHECK((*outcomes[i])->exit_code == static_cast<int>(i));
        CHECK((*outcomes[i])->output == std::to_string(i) + "\n");
    }
    CHECK(no_children());
}
