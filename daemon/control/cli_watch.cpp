// The live table.
#include "core/base/text.hpp"
#include "daemon/control/conversation.hpp"
#include "daemon/control/watch_view.hpp"
#include "daemon/log/printable.hpp"

#include <algorithm>
#include <iterator>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;
using statuses = std::vector<certificate_status>;

constexpr milliseconds shortest_pause = seconds(2);
/// Asking takes at most this part of the time: of very many certificates less often.
constexpr int pause_times = 10;
constexpr milliseconds redraw = seconds(1);

/// All certificates, page by page.
result<statuses> fetch(const conversation& with) {
    statuses all;
    for (bool more = true; more;) {
        http_request request("GET", "/v1/certificates" + (all.empty() ? "" : "?after=" + all.back().name));
        request.body_limit = std::size_t{64} * 1024 * 1024;
        const auto answer = with.world().request(with.socket(), std::move(request));
        if (!answer) {
            return fail(answer.error());
        }
        auto page = page_from_json(answer->body);
        if (!page) {
            return fail(page.error());
        }
        more = page->more && !page->certificates.empty();
        std::ranges::move(page->certificates, std::back_inserter(all));
    }
    return all;
}

status::order after(status::order sort) {
    using enum status::order;
    return sort == state ? expiry : sort == expiry ? next : sort == next ? name : state;
}

/// What a key changes; false if it ends the watch.
bool take(const key& pressed, watch_settings& settings) {
    const std::size_t page = settings.rows > 4 ? settings.rows - 4 : 1;
    const bool plain = pressed.kind == key_kind::character;
    switch (pressed.kind) {
    case key_kind::quit:
        return false;
    case key_kind::escape:
        settings.filter.clear();
        settings.typing = false;
        break;
    case key_kind::enter:
        settings.typing = false;
        break;
    case key_kind::backspace:
        if (settings.typing && !settings.filter.empty()) {
            settings.filter.pop_back();
        }
        break;
    case key_kind::up:
        settings.top -= std::min<std::size_t>(settings.top, 1);
        break;
    case key_kind::down:
        ++settings.top;
        break;
    case key_kind::page_up:
        settings.top -= std::min(settings.top, page);
        break;
    case key_kind::page_down:
        settings.top += page;
        break;
    case key_kind::home:
        settings.top = 0;
        break;
    case key_kind::end:
        settings.top = SIZE_MAX / 2;
        break;
    case key_kind::character:
    case key_kind::resized:
        break;
    }
    if (plain && settings.typing) {
        if (pressed.character > ' ' && pressed.character < '\x7f' &&
            settings.filter.size() < status::longest_search) {
            settings.filter += to_lower_ascii(std::string(1, pressed.character));
            settings.top = 0;
        }
        return true;
    }
    if (plain && pressed.character == 's') {
        settings.sort = after(settings.sort);
        settings.top = 0;
    }
    settings.typing = settings.typing || (plain && pressed.character == '/');
    return !plain || pressed.character != 'q';
}

int print_once(const conversation& with, const statuses& all) {
    watch_settings settings;
    settings.columns = with.world().width;
    for (const screen_line& line : watch_view(all, settings, with.world().time.now())) {
        with.say(line.text.substr(0, line.text.find_last_not_of(' ') + 1));
    }
    return exit_done;
}

} // namespace

int run_watch(const conversation& with) {
    const cli_world& world = with.world();
    if (with.options().json) {
        return with.complain(exit_usage,
                             "watch draws for people; `evercert status --json` prints what it knows");
    }
    steady_time asked = world.time.steady_now();
    auto first = fetch(with);
    if (!first) {
        const bool reached = first.error().code == errc::timed_out || first.error().code == errc::protocol;
        return with.complain(reached ? exit_failed : exit_no_daemon, first.error().text());
    }
    const auto terminal = with.options().once || !world.open_screen ? nullptr : world.open_screen();
    if (terminal == nullptr) {
        return print_once(with, *first);
    }
    statuses all = std::move(*first);
    watch_settings settings;
    const auto rest = [&] {
        const steady_time now = world.time.steady_now();
        return now + std::max<steady_time::duration>(shortest_pause, (now - asked) * pause_times);
    };
    for (steady_time again = rest();;) {
        settings.rows = terminal->rows();
        settings.columns = terminal->columns();
        terminal->draw(watch_view(all, settings, world.time.now()));
        const auto left = std::chrono::ceil<milliseconds>(again - world.time.steady_now());
        const auto pressed = terminal->wait_key(std::clamp(left, milliseconds(0), redraw));
        if (pressed && !take(*pressed, settings)) {
            return exit_done;
        }
        asked = world.time.steady_now();
        if (asked < again) {
            continue;
        }
        auto fresh = fetch(with);
        settings.trouble = fresh ? std::string() : printable(fresh.error().text(), 300);
        if (fresh) {
            all = std::move(*fresh);
        }
        again = rest();
    }
}

} // namespace evercert::daemon
