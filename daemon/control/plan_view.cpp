// What will happen and what has happened, as tables.
#include "core/base/text.hpp"
#include "core/lifecycle/problem_text.hpp"
#include "daemon/control/table.hpp"
#include "daemon/control/views.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

using lifecycle::cause;
using lifecycle::history_line;
using lifecycle::planned_step;
using lifecycle::state;

std::string_view what_of(const planned_step& step) {
    switch (step.where) {
    case state::starting:
    case state::queued:
    case state::ordering:
    case state::deploying:
        return lifecycle::to_string(step.where);
    case state::waiting:
    case state::failing:
        break;
    }
    switch (step.why) {
    case cause::first:
        return "first certificate";
    case cause::configured:
        return "new certificate";
    case cause::revoked:
    case cause::expired:
        return "replacement";
    case cause::renewal_info:
        return "renewal (ARI)";
    case cause::lifetime:
        return "renewal";
    case cause::asked:
        return "asked for";
    case cause::retry:
        return "retry";
    case cause::hold:
        return "held back";
    case cause::deployment:
        return "deployment";
    case cause::none:
        break;
    }
    return "-";
}

/// Whether it will ask a CA for a certificate.
bool orders(const planned_step& step) {
    return step.why != cause::none && step.why != cause::deployment && step.where != state::deploying;
}

std::string counted(std::size_t number, std::string_view thing) {
    return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

} // namespace

std::string plan_view(const std::vector<planned_step>& plan, wall_time now, std::size_t width) {
    if (plan.empty()) {
        return "nothing is planned\n";
    }
    table out({"WHEN", "CERTIFICATE", "WHAT", "ISSUER", "EXPIRES", "WHY"});
    for (const planned_step& step : plan) {
        const bool dated = step.expires != wall_time{};
        out.add({step.when <= now ? "now"
                                  : fmt::format("{} ({})", format_time(step.when), relative(step.when, now)),
                 printable(step.certificate), std::string(what_of(step)), printable(step.issuer),
                 dated ? fmt::format("{} ({})", format_time(step.expires).substr(0, 10),
                                     relative(step.expires, now))
                       : "-",
                 cut(printable(lifecycle::take_apart(step.reason).happened), 200)});
    }
    const wall_time tomorrow = now + std::chrono::hours(24);
    const auto soon = std::ranges::count_if(
        plan, [&](const planned_step& step) { return step.when < tomorrow && orders(step); });
    const auto failing =
        std::ranges::count_if(plan, [](const planned_step& step) { return step.where == state::failing; });
    std::string text = out.render(width);
    text += fmt::format("{} in the next 24 h; {} in all", counted(static_cast<std::size_t>(soon), "renewal"),
                        counted(plan.size(), "certificate"));
    text += failing > 0 ? fmt::format(", {} failing\n", failing) : "\n";
    return text;
}

std::string history_view(const std::vector<history_line>& lines, bool of_all) {
    if (lines.empty()) {
        return "nothing is recorded\n";
    }
    std::vector<std::string> headers{"TIME", "EVENT"};
    if (of_all) {
        headers.emplace_back("CERTIFICATE");
    }
    headers.emplace_back("MESSAGE");
    table out(std::move(headers));
    for (const history_line& line : lines) {
        std::vector<std::string> row{format_time(line.time), printable(line.event, 100)};
        if (of_all) {
            row.push_back(line.certificate.empty() ? "-" : printable(line.certificate, 300));
        }
        row.push_back(printable(line.message));
        out.add(std::move(row));
    }
    return out.render();
}

std::string event_view(const history_line& line, bool of_all) {
    std::string text = fmt::format("{}  {:<22}  ", format_time(line.time), printable(line.event, 100));
    if (of_all) {
        text += fmt::format("{:<20}  ", line.certificate.empty() ? "-" : printable(line.certificate, 300));
    }
    return text + printable(line.message) + "\n";
}

} // namespace evercert::daemon
