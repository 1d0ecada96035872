#include "daemon/control/watch_view.hpp"

#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"
#include "daemon/status/survey.hpp"
#include "daemon/status/timeline.hpp"
#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;
using status::health;

constexpr std::size_t widest_life = 20;
constexpr std::size_t head_lines = 2; ///< summary and headings

/// "=======>----|--": what is gone, what is left, the next action.
std::string life_of(const certificate_status& one, std::size_t life_width, wall_time now) {
    if (!one.live) {
        return std::string(life_width, ' ');
    }
    const status::timeline line =
        status::place_on_line(one.live->not_before, one.live->not_after, one.next_run, now);
    const auto at = [life_width](int place) {
        return static_cast<std::size_t>(place) * (life_width - 1) / 1000;
    };
    std::string out(life_width, '-');
    std::fill_n(out.begin(), at(line.now), '=');
    if (line.renewal) {
        out.at(at(*line.renewal)) = '|';
    }
    out.at(at(line.now)) = '>';
    return out;
}

std::string padded(const std::string& text, std::size_t width) {
    std::string out = cut(text, width);
    const std::size_t is = display_width(out);
    return out + std::string(width > is ? width - is : 0, ' ');
}

std::string sign_of(health how) {
    return status::needs_attention(how) ? "!" : how == health::well ? " " : "~";
}

std::string row_of(const certificate_status& one, health how, std::size_t name_width, std::size_t life_width,
                   wall_time now) {
    const std::string expires = one.live ? relative(one.live->not_after, now) : "-";
    const std::string next = one.next_run ? relative(*one.next_run, now) : std::string(to_string(one.where));
    return fmt::format("{} {} {} {} {} {} {}", sign_of(how), padded(printable(one.name, 300), name_width),
                       padded(std::string(status::words_for(how)), 14), life_of(one, life_width, now),
                       padded(expires, 9), padded(next, 10), cut(printable(one.issuer, 100), 24));
}

std::string summary(const status::survey& all, const watch_settings& settings, wall_time now) {
    std::string kinds;
    for (const health each : status::all_healths) {
        if (all.count(each) > 0) {
            kinds += fmt::format("{}{} {}", kinds.empty() ? ": " : ", ", status::grouped(all.count(each)),
                                 status::words_for(each));
        }
    }
    std::string out = fmt::format("{}  {}{}", format_time(now).substr(11, 8),
                                  status::counted(all.all, "certificate"), kinds);
    if (!settings.trouble.empty()) {
        out += "; NOT UP TO DATE: " + settings.trouble;
    }
    return out;
}

std::string help(const watch_settings& settings, const status::chosen_rows& chosen) {
    if (settings.typing) {
        return fmt::format("filter: {}_   (Enter keeps it, Esc drops it)", printable(settings.filter, 100));
    }
    const std::string filter =
        settings.filter.empty() ? "" : fmt::format(" \"{}\"", printable(settings.filter, 100));
    return fmt::format("q quit   s sort: {}   / filter{}   arrows scroll   {} to {} of {}",
                       status::to_string(settings.sort), filter, chosen.matching == 0 ? 0 : settings.top + 1,
                       settings.top + chosen.rows.size(), status::grouped(chosen.matching));
}

} // namespace

std::vector<screen_line> watch_view(const std::vector<certificate_status>& all, watch_settings& settings,
                                    wall_time now) {
    status::survey everything;
    everything.made = now;
    status::survey found = everything;
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < all.size(); ++i) {
        ++everything.all;
        everything.add(all[i]);
        if (status::matches(all[i], settings.filter)) {
            found.add(all[i]);
            which.push_back(i);
        }
    }
    const std::size_t room = settings.rows == 0               ? which.size()
                             : settings.rows > head_lines + 1 ? settings.rows - head_lines - 1
                                                              : 1;
    settings.top = std::min(settings.top, which.size() > room ? which.size() - room : 0);
    // One page that ends where the screen does: what is above it is sorted as well.
    status::query wanted;
    wanted.sort = settings.sort;
    status::chosen_rows chosen =
        status::choose(found, wanted, std::max<std::size_t>(1, std::min(settings.top + room, which.size())));
    chosen.rows.erase(chosen.rows.begin(), chosen.rows.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                     settings.top, chosen.rows.size())));

    const std::size_t life_width = settings.columns != 0 && settings.columns < 100 ? 12 : widest_life;
    const std::size_t fixed = 2 + 15 + life_width + 1 + 10 + 11 + 12; // all columns but the name's
    const std::size_t name_width =
        settings.columns == 0
            ? 40
            : std::clamp<std::size_t>(settings.columns > fixed ? settings.columns - fixed : 0, 16, 48);
    std::vector<screen_line> out;
    out.push_back({summary(everything, settings, now),
                   settings.trouble.empty() && everything.count(status::group::attention) == 0 ? look::strong
                                                                                               : look::bad});
    out.push_back(
        {fmt::format("  {} {} {} {} {} {}", padded("NAME", name_width), padded("STATE", 14),
                     padded("LIFE", life_width), padded("EXPIRES", 9), padded("NEXT", 10), "ISSUER"),
         look::soft});
    std::size_t shown = 0;
    for (const std::uint32_t at : chosen.rows) {
        const certificate_status& one = all[which[at]];
        const health how = found.rows[at].how;
        if (settings.rows != 0 && out.size() + 1 >= settings.rows) {
            break;
        }
        out.push_back({row_of(one, how, name_width, life_width, now), status::needs_attention(how) ? look::bad
                                                                      : how == health::well ? look::plain
                                                                                            : look::busy});
        ++shown;
        const std::string problem = problem_of(one);
        if (!problem.empty() && (settings.rows == 0 || out.size() + 1 < settings.rows)) {
            out.push_back({"    " + problem, look::plain});
        }
    }
    chosen.rows.resize(shown);
    if (settings.rows != 0) {
        out.resize(std::max(out.size(), settings.rows - 1));
        out.push_back({help(settings, chosen), settings.typing ? look::strong : look::soft});
    }
    if (settings.columns != 0) {
        for (screen_line& line : out) {
            line.text = cut(line.text, settings.columns);
        }
    }
    return out;
}

} // namespace evercert::daemon
