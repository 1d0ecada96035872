#include "daemon/control/views.hpp"

#include "core/base/text.hpp"
#include "daemon/control/labels.hpp"
#include "daemon/control/table.hpp"
#include "daemon/log/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evercert::daemon {
namespace {

using lifecycle::certificate_status;

std::string expires(const certificate_status& one, wall_time now) {
    if (!one.live) {
        return "-";
    }
    if (one.live->revoked) {
        return "revoked";
    }
    return fmt::format("{} ({})", format_time(one.live->not_after).substr(0, 10),
                       relative(one.live->not_after, now));
}

std::string next(const certificate_status& one, wall_time now) {
    const std::string why = cut(printable(one.next_reason), 45);
    if (!one.next_run) {
        return why.empty() ? "-" : why;
    }
    const std::string when = relative(*one.next_run, now);
    return why.empty() ? when : fmt::format("{}: {}", when, why);
}

std::string live_line(const lifecycle::live_certificate& live, wall_time now) {
    return fmt::format("serial {}, expires {} ({}){}", printable(live.serial), format_time(live.not_after),
                       relative(live.not_after, now), live.revoked ? ", revoked" : "");
}

/// "/etc/ssl/example: fullchain, privkey (root:ssl-cert 0640)"
std::string output_line(const certificate_output& output) {
    std::vector<std::string> formats;
    for (const output_format format : output.formats) {
        formats.emplace_back(evercert::to_string(format));
    }
    std::string access = output.owner + (output.group.empty() ? "" : ":" + output.group);
    if (output.mode) {
        access += fmt::format("{}{:04o}", access.empty() ? "" : " ", *output.mode);
    }
    return printable(fmt::format("{}: {}{}", output.directory, join(formats, ", "),
                                 access.empty() ? "" : " (" + access + ")"));
}

} // namespace

std::string relative(wall_time when, wall_time now) {
    const milliseconds distance = when > now ? when - now : now - when;
    if (distance < seconds(1)) {
        return "now";
    }
    // The largest unit is enough for a table: "59d", not "59d 4h".
    std::string text = format_duration(distance);
    text.erase(std::min(text.find(' '), text.size()));
    return when > now ? "in " + text : text + " ago";
}

std::string problem_of(const certificate_status& one) {
    return printable(one.problem.empty() ? one.deploy_problem : one.problem);
}

std::string status_view(const std::vector<certificate_status>& all, wall_time now, std::size_t width) {
    if (all.empty()) {
        return "no certificates\n";
    }
    const bool problems =
        std::any_of(all.begin(), all.end(), [](const auto& one) { return !problem_of(one).empty(); });
    std::vector<std::string> headers{"NAME", "STATE", "ISSUER", "EXPIRES", "NEXT"};
    if (problems) {
        headers.emplace_back("PROBLEM");
    }
    table out(std::move(headers));
    for (const certificate_status& one : all) {
        std::vector<std::string> row{printable(one.name), std::string(lifecycle::to_string(one.where)),
                                     printable(one.issuer), expires(one, now), next(one, now)};
        if (problems) {
            row.push_back(cut(problem_of(one), 200));
        }
        out.add(std::move(row));
    }
    return out.render(width);
}

std::string certificate_view(const certificate_status& one, wall_time now) {
    labels out;
    out.add("name", printable(one.name));
    out.add("names", printable(join(one.names, ", ")));
    out.add("state", lifecycle::to_string(one.where));
    out.add("issuer", printable(one.issuer));
    out.add("issuers", one.issuers.size() > 1 ? printable(join(one.issuers, ", ")) : "");
    out.add("challenge", printable(one.challenge));
    out.add("keys", printable(join(one.keys, ", ")) + (one.reuse_key ? " (kept when renewed)" : ""));
    out.add("profile", printable(one.profile));
    if (one.live) {
        out.add("serial", printable(one.live->serial));
        out.add("signed by", fmt::format("\"{}\"", escape(one.live->issuer, 200)));
        out.add("version", std::to_string(one.live->version));
        out.add_time("valid from", one.live->not_before, now);
        out.add_time("expires", one.live->not_after, now);
        out.add("fingerprint", printable(one.live->fingerprint));
        out.add("revoked", one.live->revoked ? "yes" : "");
    } else {
        out.add("live", "no certificate yet");
    }
    for (const lifecycle::live_certificate& other : one.other_keys) {
        out.add(evercert::to_string(other.key), live_line(other, now));
    }
    out.add("directory", printable(one.directory));
    for (const certificate_output& output : one.outputs) {
        out.add("output", output_line(output));
    }
    if (!one.deploy.empty() || !one.outputs.empty()) {
        out.add("deployed",
                fmt::format("{} ({})", one.deployed ? "yes" : "not yet",
                            one.deploy.empty() ? "outputs only" : printable(join(one.deploy, ", "))));
    }
    out.add_time("next run", one.next_run, now);
    out.add("because", printable(one.next_reason));
    if (one.window) {
        out.add("renewal window", fmt::format("{} to {}, by the CA", format_time(one.window->start),
                                              format_time(one.window->end)));
        out.add("it explains", escape(one.window->explanation_url));
    }
    out.add("revocation", one.revoking ? "asked for, not confirmed by the CA yet" : "");
    out.add_time("last success", one.last_success, now);
    out.add_time("last failure", one.last_failure, now);
    if (one.failures > 0) {
        out.add("failures", fmt::format("{} in a row", one.failures));
    }
    out.add("problem", printable(one.problem));
    if (one.deploy_failures > 0) {
        out.add("deploy failures", fmt::format("{} in a row", one.deploy_failures));
    }
    out.add("deploy problem", printable(one.deploy_problem));
    out.add("order", escape(one.order_url));
    return std::move(out).text();
}

} // namespace evercert::daemon
