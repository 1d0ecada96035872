#include "core/base/text.hpp"
#include "daemon/control/explain.hpp"
#include "daemon/control/labels.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

std::string heading(const explained_trouble& trouble, wall_time now) {
    std::string text = trouble.subject;
    if (trouble.failures > 0) {
        text +=
            trouble.failures == 1 ? ": 1 failure" : fmt::format(": {} failures in a row", trouble.failures);
    }
    if (trouble.last_failure) {
        text += fmt::format(", the last {}", relative(*trouble.last_failure, now));
    }
    return text;
}

} // namespace

std::string explanation_view(const explanation& what, wall_time now, std::size_t width) {
    labels out(width);
    out.add("state", what.state);
    for (const explained_trouble& trouble : what.troubles) {
        out.gap();
        out.add("trouble", heading(trouble, now));
        out.add("what happened", trouble.happened);
        out.add("what to do", trouble.mend);
        for (const std::string& link : trouble.links) {
            out.add("see", escape(link, 2000));
        }
        if (trouble.until && *trouble.until > now) {
            out.add_time("not before", trouble.until, now);
        }
    }
    out.gap();
    out.add("next", what.next);
    for (const std::string& link : what.links) {
        out.add("see", escape(link, 2000));
    }
    if (!what.recent.empty()) {
        out.gap();
    }
    std::string_view label = "recently";
    for (const lifecycle::history_line& line : what.recent) {
        out.add(label, fmt::format("{} {}: {}", format_time(line.time), printable(line.event, 100),
                                   printable(line.message, 160)));
        label = " ";
    }
    return std::move(out).text();
}

} // namespace evercert::daemon
