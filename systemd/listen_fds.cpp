#include "systemd/listen_fds.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace evercert::systemd {

result<std::vector<passed_descriptor>> take_listen_fds() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0) {
        return fail(system_error(-count, "taking over the sockets passed by systemd (LISTEN_FDS)"));
    }
    std::vector<passed_descriptor> taken;
    for (int i = 0; i < count; ++i) {
        const char* const name = names != nullptr ? names[i] : nullptr;
        taken.push_back({name != nullptr ? name : "unknown", SD_LISTEN_FDS_START + i});
    }
    if (names != nullptr) {
        for (char** name = names; *name != nullptr; ++name) {
            std::free(*name);
        }
        std::free(names);
    }
    return taken;
}

} // namespace evercert::systemd
