// Who is told of what, for people; and the command.
#include "core/base/text.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <algorithm>

namespace evercert::daemon {
namespace {

/// Each may take as long as its timeout says.
constexpr milliseconds longest_test = std::chrono::minutes(11);
constexpr std::string_view nobody = "nobody is told anything: there is no `notify:` in the configuration "
                                    "(see `notify` in evercert.yaml(5))\n";

std::string state_of(const audience_view& one, wall_time now) {
    if (!one.problem.empty()) {
        return "TROUBLE: " + printable(one.problem);
    }
    return one.delivered ? "told " + relative(*one.delivered, now) : "nothing was told yet";
}

} // namespace

std::string notifications_view(const std::vector<audience_view>& all, wall_time now, std::size_t width) {
    if (all.empty()) {
        return std::string(nobody);
    }
    table rows({"NAME", "TO", "ON", "TROUBLED", "QUEUED", "STATE"});
    for (const audience_view& one : all) {
        rows.add({printable(one.name), printable(one.target), printable(join(one.on, ",")),
                  fmt::format("{}", one.troubled), fmt::format("{}", one.queued), state_of(one, now)});
    }
    return rows.render(width);
}

std::string tests_view(const std::vector<test_outcome>& all) {
    std::string text;
    for (const test_outcome& one : all) {
        text += fmt::format("{} ({}): {}\n", printable(one.name), printable(one.target),
                            one.problem.empty() ? "delivered" : "NOT DELIVERED: " + printable(one.problem));
    }
    return text.empty() ? std::string(nobody) : text;
}

int run_notify(const conversation& with) {
    if (!with.options().test) {
        return with.look("/v1/notify", notifications_from_json, [&](const auto& all) {
            return notifications_view(all, with.world().time.now(), with.world().width);
        });
    }
    const auto text = with.ask("POST", "/v1/notify/test", "{}", longest_test);
    if (!text) {
        return text.error();
    }
    const auto all = with.understood(tests_from_json(*text));
    if (!all) {
        return all.error();
    }
    if (with.options().json) {
        with.say(*text);
    } else {
        with.world().out(tests_view(*all));
    }
    const bool arrived = std::ranges::all_of(*all, [](const auto& one) { return one.problem.empty(); });
    return arrived && !all->empty() ? exit_done : exit_failed;
}

} // namespace evercert::daemon
