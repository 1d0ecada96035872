// Standing DNS records, for people and for zone files: what is not a record is a comment.
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

namespace evercert::daemon {
namespace {

using solvers::standing_report;

std::string verdict_of(const standing_report& one, wall_time now) {
    if (one.state == "good") {
        return one.until ? fmt::format("it is there, until {} ({})", format_time(*one.until),
                                       relative(*one.until, now))
                         : "it is there";
    }
    const std::string why = one.problem.empty() ? "" : ": " + printable(one.problem);
    if (one.state == "missing") {
        return "MISSING" + why;
    }
    if (one.state == "unfit") {
        return "WHAT IS THERE DOES NOT FIT" + why;
    }
    if (one.state == "unknown") {
        return "it is not known what has to be there" + why;
    }
    return "it could not be looked at" + why;
}

} // namespace

std::string records_view(const std::string& certificate, const std::vector<standing_report>& all,
                         wall_time now) {
    if (all.empty()) {
        return fmt::format(
            "; nothing is to be published for {}: none of its names is proven by dns-persist-01\n",
            printable(certificate));
    }
    std::string text;
    for (const standing_report& one : all) {
        const std::string name = printable(one.name);
        text += fmt::format("{}; {}{} at {}: {}\n", text.empty() ? "" : "\n", name,
                            one.wildcard ? fmt::format(" and *.{}", name) : "", printable(one.issuer),
                            verdict_of(one, now));
        if (!one.line.empty()) {
            text += printable(one.line) + "\n";
        }
    }
    return text;
}

} // namespace evercert::daemon
