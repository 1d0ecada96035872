#include "daemon/status/timeline.hpp"

#include "daemon/status/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon::status {
namespace {

constexpr int whole = 1000;

/// By long double: the distance of two wall times in milliseconds may be anything.
int share(wall_time when, wall_time from, wall_time until) {
    const auto life = static_cast<long double>(until.time_since_epoch().count()) -
                      static_cast<long double>(from.time_since_epoch().count());
    const auto gone = static_cast<long double>(when.time_since_epoch().count()) -
                      static_cast<long double>(from.time_since_epoch().count());
    if (life <= 0) {
        return gone < 0 ? 0 : whole;
    }
    return static_cast<int>(std::clamp(gone / life, 0.0L, 1.0L) * whole);
}

} // namespace

timeline place_on_line(wall_time from, wall_time until, std::optional<wall_time> renewal, wall_time now) {
    timeline out;
    out.now = share(now, from, until);
    out.before = now < from;
    out.after = now >= until;
    if (renewal && from < until && *renewal >= from && *renewal <= until) {
        out.renewal = share(*renewal, from, until);
    }
    return out;
}

void add_timeline(markup& to, const lifecycle::live_certificate& live, std::optional<wall_time> renewal,
                  health how, wall_time now) {
    const timeline line = place_on_line(live.not_before, live.not_after, renewal, now);
    std::string words = fmt::format("issued {}, ", in_words(live.not_before, now));
    if (line.renewal) {
        words += fmt::format("next action {}, ", in_words(*renewal, now));
    }
    words += fmt::format("{} {}", line.after ? "expired" : "expires", in_words(live.not_after, now));
    to.open("svg", {{"class", "line"},
                    {"viewBox", "0 0 1000 20"},
                    {"preserveAspectRatio", "none"},
                    {"role", "img"},
                    {"aria-label", words}});
    to.element("rect", {{"class", "track"}, {"y", "7"}, {"width", "1000"}, {"height", "6"}}, "");
    to.element("rect",
               {{"class", needs_attention(how) && how != health::failing ? "gone bad" : "gone"},
                {"y", "7"},
                {"width", std::to_string(line.now)},
                {"height", "6"}},
               "");
    const auto mark = [&to](literal kind, int at, int top, int bottom) {
        // Not at the very edge, where half of it would be cut off.
        const std::string x = std::to_string(std::clamp(at, 2, whole - 2));
        to.element("line",
                   {{"class", kind.text()},
                    {"x1", x},
                    {"x2", x},
                    {"y1", std::to_string(top)},
                    {"y2", std::to_string(bottom)}},
                   "");
    };
    if (line.renewal) {
        mark("renew", *line.renewal, 3, 17);
    }
    mark("now", line.now, 0, 20);
    to.close();
}

} // namespace evercert::daemon::status
