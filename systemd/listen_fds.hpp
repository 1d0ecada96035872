#pragma once
// Sockets that the service manager opened for us (sd_listen_fds_with_names(3)).
#include "core/base/error.hpp"

#include <string>
#include <vector>

namespace evercert::systemd {

struct passed_descriptor {
    std::string name; ///< FileDescriptorName= of the socket unit, "unknown" if it gave none
    int descriptor = -1;
};

/// Takes over all passed descriptors (close-on-exec is set on them) and the variables out of the environment:
/// a second call finds none. Empty when there are none. The caller owns the descriptors.
result<std::vector<passed_descriptor>> take_listen_fds();

} // namespace evercert::systemd
