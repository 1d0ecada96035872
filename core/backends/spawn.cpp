#include "core/backends/spawn.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace evercert::backends {
namespace {

bool runnable(const std::string& file) {
    struct stat info{};
    return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(file.c_str(), X_OK) == 0;
}

class file_actions {
public:
    file_actions() { ::posix_spawn_file_actions_init(&actions_); }
    ~file_actions() { ::posix_spawn_file_actions_destroy(&actions_); }
    file_actions(const file_actions&) = delete;
    file_actions& operator=(const file_actions&) = delete;

    /// All are above stderr (see above_standard), so that none is overwritten before its turn. No `input` is
    /// /dev/null.
    int prepare(int output, int errors, const unique_fd& input) {
        int wrong = ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        if (wrong == 0) {
            wrong = ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
        }
        if (wrong == 0 && input) {
            wrong = ::posix_spawn_file_actions_adddup2(&actions_, input.get(), STDIN_FILENO);
        } else if (wrong == 0) {
            wrong = ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        }
        // Our own descriptors are close-on-exec; this is for those that libraries forgot.
        if (wrong == 0) {
            wrong = ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        }
        return wrong;
    }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class attributes {
public:
    attributes() { ::posix_spawnattr_init(&attributes_); }
    ~attributes() { ::posix_spawnattr_destroy(&attributes_); }
    attributes(const attributes&) = delete;
    attributes& operator=(const attributes&) = delete;

    /// After EPERM: whether it helps to leave the program in the background, as where a sandbox forbids the
    /// call that would take it out.
    bool give_up_foreground() {
        short flags = 0;
        return ::posix_spawnattr_getflags(&attributes_, &flags) == 0 &&
               (flags & POSIX_SPAWN_SETSCHEDULER) != 0 &&
               ::posix_spawnattr_setflags(&attributes_, basic) == 0;
    }

    int prepare() {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        int flags = basic;
        // What the daemon does to itself (daemon/background) is not for a server that a hook starts.
        if (::sched_getscheduler(0) == SCHED_BATCH) {
            flags |= POSIX_SPAWN_SETSCHEDULER;
        }
        int wrong = ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
        if (wrong == 0) {
            wrong = ::posix_spawnattr_setschedpolicy(&attributes_, SCHED_OTHER);
        }
        if (wrong == 0) {
            wrong = ::posix_spawnattr_setpgroup(&attributes_, 0);
        }
        if (wrong == 0) {
            wrong = ::posix_spawnattr_setsigmask(&attributes_, &none);
        }
        if (wrong == 0) {
            wrong = ::posix_spawnattr_setsigdefault(&attributes_, &all);
        }
        return wrong;
    }
    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

private:
    static constexpr short basic = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& each : texts) {
        all.push_back(each.data());
    }
    all.push_back(nullptr);
    return all;
}

/// A pipe's writing end. It may sit on a low number when the daemon was started without stdin or stdout, and
/// would then be in the way of the program's own.
unique_fd above_standard(unique_fd end) {
    if (!end || end.get() > STDERR_FILENO) {
        return end;
    }
    return unique_fd(::fcntl(end.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

/// The reading end stays with `ours`; an invalid descriptor says that there are no more (errno).
unique_fd make_pipe(unique_fd& ours) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) {
        return unique_fd();
    }
    ours = unique_fd(ends[0]);
    return above_standard(unique_fd(ends[1]));
}

/// A file in memory that holds `text`, at its beginning. Not a pipe: nobody has to feed it while the program
/// reads, and one that does not read is no trouble. An invalid descriptor says why in errno.
unique_fd make_input(std::string_view text) {
    unique_fd file = above_standard(unique_fd(::memfd_create("input", MFD_CLOEXEC)));
    while (file && !text.empty()) {
        const auto written = uninterrupted([&] { return ::write(file.get(), text.data(), text.size()); });
        if (written <= 0) {
            return unique_fd();
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file && ::lseek(file.get(), 0, SEEK_SET) != 0) {
        return unique_fd();
    }
    return file;
}

/// What was handed to the program may be secret and is not left in freed memory.
class wiper {
public:
    explicit wiper(std::vector<std::string>& texts) : texts_(texts) {}
    ~wiper() {
        for (std::string& each : texts_) {
            ::explicit_bzero(each.data(), each.size());
        }
    }
    wiper(const wiper&) = delete;
    wiper& operator=(const wiper&) = delete;

private:
    std::vector<std::string>& texts_;
};

void kill_and_reap(pid_t pid) {
    ::kill(-pid, SIGKILL);
    uninterrupted([&] { return ::waitpid(pid, nullptr, 0); });
}

} // namespace

result<std::string> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (runnable(name)) {
            return name;
        }
        bool there = ::access(name.c_str(), F_OK) == 0;
        return fail(errc::not_found,
                    there ? fmt::format("{} may not be run: it is no file with execute permission for "
                                        "this user (chmod +x)",
                                        escape(name))
                          : fmt::format("there is no program {}", escape(name)));
    }
    std::string_view rest = program_path;
    for (;;) {
        std::size_t colon = rest.find(':');
        std::string file = fmt::format("{}/{}", rest.substr(0, colon), name);
        if (runnable(file)) {
            return file;
        }
        if (colon == rest.npos) {
            break;
        }
        rest.remove_prefix(colon + 1);
    }
    return fail(errc::not_found,
                fmt::format("there is no program {} in {}: install it, or give its whole path", escape(name),
                            program_path));
}

result<spawned> spawn(const std::string& file, const std::vector<std::string>& argv,
                      std::vector<std::string> environment, bool stderr_apart, std::string_view input) {
    const wiper at_exit(environment);
    spawned child;
    unique_fd theirs = make_pipe(child.output);
    unique_fd their_errors = theirs && stderr_apart ? make_pipe(child.errors) : unique_fd();
    if (!theirs || (stderr_apart && !their_errors)) {
        return fail(system_error(errno, fmt::format("cannot make a pipe for {}", escape(file))));
    }

    const unique_fd given = input.empty() ? unique_fd() : make_input(input);
    if (!input.empty() && !given) {
        return fail(system_error(errno, fmt::format("cannot hold the input of {}", escape(file))));
    }

    file_actions actions;
    attributes attrs;
    std::vector<std::string> arguments = argv;
    int wrong = actions.prepare(theirs.get(), stderr_apart ? their_errors.get() : theirs.get(), given);
    if (wrong == 0) {
        wrong = attrs.prepare();
    }
    const auto start = [&] {
        return ::posix_spawn(&child.pid, file.c_str(), actions.get(), attrs.get(), pointers(arguments).data(),
                             pointers(environment).data());
    };
    if (wrong == 0) {
        wrong = start();
        if (wrong == EPERM && attrs.give_up_foreground()) {
            wrong = start();
        }
    }
    if (wrong != 0) {
        std::string what = fmt::format("cannot run {}", escape(file));
        // Found and executable a moment ago: then its interpreter is missing, or it is no program at all.
        if (wrong == ENOENT || wrong == EACCES || wrong == ENOEXEC) {
            return fail(errc::not_found,
                        fmt::format("{}: {} (is its first line \"#!\" and an interpreter that exists?)", what,
                                    ::strerrordesc_np(wrong)));
        }
        error why = system_error(wrong, what);
        if (wrong == EPERM) {
            why.message += " (a filter of system calls forbids it: a service that started without need of "
                           "programs has given up running any; restart it: systemctl restart evercertd)";
        }
        return fail(std::move(why));
    }
    child.pidfd = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
    if (!child.pidfd) {
        error why = system_error(errno, fmt::format("cannot watch {}", escape(file)));
        kill_and_reap(child.pid);
        return fail(std::move(why));
    }
    return child;
}

} // namespace evercert::backends
