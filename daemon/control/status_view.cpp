// The daemon itself, below its certificates.
#include "core/base/text.hpp"
#include "daemon/control/labels.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

namespace evercert::daemon {

std::string daemon_view(const daemon_status& told, wall_time now, std::size_t width) {
    labels out(width);
    out.add("evercertd", fmt::format("{}, pid {}, started {}", printable(told.version), told.pid,
                                     relative(told.started, now)));
    out.add("listens", printable(join(told.listeners, ", ")));
    out.add("deploys", told.deploy_socket.empty() ? "in this process"
                                                  : fmt::format("through {}", printable(told.deploy_socket)));
    out.add("runs as", fmt::format("{}; capabilities: {}{}", printable(told.confined.runs_as),
                                   printable(told.confined.capabilities),
                                   told.confined.no_new_privileges ? "; no new privileges" : ""));
    for (const std::string& layer : told.confined.layers) {
        out.add("confined", printable(layer));
    }
    for (const std::string& gap : told.confined.gaps) {
        out.add("open", printable(gap));
    }
    return std::move(out).text();
}

} // namespace evercert::daemon
