#include "daemon/hardening.hpp"

#include "core/crypto/secret.hpp"

#include <csignal>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace evercert::daemon {

void harden_process(event_sink& events) {
    ::umask(077);
    std::signal(SIGPIPE, SIG_IGN);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::prctl(PR_SET_DUMPABLE, 0);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    if (!crypto::initialise_secure_heap()) {
        event unprotected{
            .id = "process.secure_heap",
            .level = severity::warning,
            .certificate = {},
            .message = "memory for keys could not be locked: they may reach swap. Raise the memlock limit",
            .fields = {}};
        events.emit(unprotected);
    }
}

} // namespace evercert::daemon
