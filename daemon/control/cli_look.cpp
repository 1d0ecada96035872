// Commands that only look.
#include "daemon/control/conversation.hpp"
#include "daemon/control/views.hpp"

namespace evercert::daemon {

int run_look(const conversation& with) {
    const cli_options& options = with.options();
    const cli_world& world = with.world();
    const wall_time now = world.time.now();
    if (options.command == "status") {
        return with.look("/v1/certificates", list_from_json,
                         [&](const auto& all) { return status_view(all, now, world.width); });
    }
    if (options.command == "show") {
        return with.look(with.path(), certificate_from_json,
                         [&](const auto& one) { return certificate_view(one, now); });
    }
    if (options.command == "plan") {
        return with.look("/v1/plan", plan_from_json,
                         [&](const auto& plan) { return plan_view(plan, now, world.width); });
    }
    if (options.command == "explain") {
        return with.look(with.path("explain"), explanation_from_json,
                         [&](const auto& told) { return explanation_view(told, now, world.width); });
    }
    const bool of_all = options.name.empty();
    return with.look(of_all ? "/v1/history" : "/v1/history/" + options.name, history_from_json,
                     [&](const auto& lines) { return history_view(lines, of_all); });
}

} // namespace evercert::daemon
