// The daemon itself.
#include "daemon/control/json_record.hpp"
#include "daemon/control/protocol.hpp"

namespace evercert::daemon {
namespace {

void write_confinement(json::writer& out, const confinement& of) {
    out.key("confined").begin_object();
    out.member("runs_as", of.runs_as);
    out.member("capabilities", of.capabilities);
    out.member_bool("no_new_privileges", of.no_new_privileges);
    out.member("layers", of.layers);
    out.member("gaps", of.gaps);
    out.end_object();
}

result<confinement> read_confinement(const json::value& from) {
    confinement of;
    record_reader in(from);
    in.text("runs_as", of.runs_as);
    in.text("capabilities", of.capabilities);
    in.flag("no_new_privileges", of.no_new_privileges);
    in.texts("layers", of.layers);
    in.texts("gaps", of.gaps);
    return in.finish(std::move(of));
}

} // namespace

std::string status_to_json(const daemon_status& daemon, wall_time now,
                           const std::map<lifecycle::state, std::size_t>& counts) {
    json::writer out;
    begin_answer(out);
    out.member("version", daemon.version);
    out.member("pid", std::int64_t{daemon.pid});
    out.member("started", format_time(daemon.started));
    out.member("uptime_seconds", std::chrono::floor<seconds>(now - daemon.started).count());
    out.member("listeners", daemon.listeners);
    out.member("deploy_socket", daemon.deploy_socket);
    write_confinement(out, daemon.confined);
    out.key("certificates").begin_object();
    std::size_t total = 0;
    for (const auto& [each, count] : counts) {
        total += count;
    }
    out.member("total", static_cast<std::int64_t>(total));
    for (const auto& [each, count] : counts) {
        out.member(lifecycle::to_string(each), static_cast<std::int64_t>(count));
    }
    out.end_object().end_object();
    return out.text();
}

result<daemon_status> status_from_json(std::string_view text) {
    const auto answer = open_answer(text);
    if (!answer) {
        return fail(answer.error());
    }
    daemon_status told;
    record_reader in(*answer);
    unsigned pid = 0;
    std::optional<confinement> confined;
    in.text("version", told.version);
    in.number("pid", pid);
    in.time("started", told.started);
    in.texts("listeners", told.listeners);
    in.text("deploy_socket", told.deploy_socket);
    in.optional_record("confined", confined, read_confinement);
    told.pid = pid;
    told.confined = std::move(confined).value_or(confinement());
    return in.finish(std::move(told));
}

} // namespace evercert::daemon
