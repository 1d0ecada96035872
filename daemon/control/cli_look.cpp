// Commands that only look.
#include "daemon/control/conversation.hpp"
#include "daemon/control/views.hpp"

#include <algorithm>
#include <iterator>

namespace evercert::daemon {

namespace {

/// CAs and name servers are asked, and may be slow.
constexpr milliseconds longest_look = std::chrono::minutes(3);

/// At all certificates, page by page, and at the daemon.
int look_at_all(const conversation& with) {
    certificate_page all;
    do {
        all.more = false;
        const std::string after = all.certificates.empty() ? "" : "?after=" + all.certificates.back().name;
        const auto text = with.ask("GET", "/v1/certificates" + after);
        if (!text) {
            return text.error();
        }
        auto page = with.understood(page_from_json(*text));
        if (!page) {
            return page.error();
        }
        all.more = page->more && !page->certificates.empty();
        std::ranges::move(page->certificates, std::back_inserter(all.certificates));
    } while (all.more);
    const auto daemon = with.ask("GET", "/v1/status");
    if (!daemon) {
        return daemon.error();
    }
    if (with.options().json) {
        with.say(page_to_json(all, *daemon));
        return exit_done;
    }
    const auto told = with.understood(status_from_json(*daemon));
    if (!told) {
        return told.error();
    }
    const wall_time now = with.world().time.now();
    with.world().out(status_view(all.certificates, now, with.world().width));
    with.world().out("\n" + daemon_view(*told, now, with.world().width));
    return exit_done;
}

} // namespace

int run_look(const conversation& with) {
    const cli_options& options = with.options();
    const cli_world& world = with.world();
    const wall_time now = world.time.now();
    if (options.command == "status") {
        return look_at_all(with);
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
    return with.show_answer(with.ask("GET", with.path("dns-records"), {}, longest_look), records_from_json,
                            [&](const auto& all) { return records_view(options.name, all, now); });
}

} // namespace evercert::daemon
