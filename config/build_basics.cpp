#include "config/build.hpp"
#include "config/names.hpp"

#include <fmt/format.h>

#include <grp.h>
#include <set>
#include <sys/un.h>

namespace evercert::config {
namespace {

constexpr std::size_t longest_socket_path = sizeof(sockaddr_un{}.sun_path) - 1;

bool group_exists(const std::string& name) {
    return ::getgrnam(name.c_str()) != nullptr;
}

void build_control(const section& root, settings& out, mistake_list& mistakes) {
    const auto control = root.below("control");
    const bool own_data_dir = out.data_dir != settings().data_dir;
    out.control.socket = own_data_dir ? out.data_dir + "/control.sock" : "/run/evercert/control.sock";
    const auto given = control ? control->path("socket") : std::nullopt;
    if (given) {
        out.control.socket = *given;
    }
    if (out.control.socket.size() > longest_socket_path) {
        const std::string text =
            fmt::format("the path {} of the control socket has {} bytes; a Unix socket's may have {}{}",
                        in_quotes(out.control.socket), out.control.socket.size(), longest_socket_path,
                        given ? "" : "; give control.socket a shorter one");
        mistakes.add(given ? control->at("socket") : root.at("data_dir"),
                     given ? "control.socket" : "data_dir", text);
    }
    if (const auto group = control ? control->text("group") : std::nullopt) {
        out.control.group = *group;
        if (!group_exists(*group)) {
            mistakes.add(
                control->at("group"), "control.group",
                fmt::format("there is no group {} on this machine; make it with groupadd, or name another",
                            in_quotes(*group)));
        }
    } else if (group_exists("evercert")) {
        out.control.group = "evercert";
    }
}

void build_status(const section& root, settings& out, mistake_list& mistakes) {
    const auto status = root.below("status");
    if (!status) {
        return;
    }
    out.status.listen = read_endpoints(*status, "listen");
    refuse_repeats(*status, "listen", "status.listen", mistakes);
    refuse_repeats(*status, "hosts", "status.hosts", mistakes);
    for (const std::string& each : status->texts("hosts").value_or(std::vector<std::string>())) {
        if (const auto name = parse_name(each, true)) {
            out.status.hosts.push_back(name->value);
        }
    }
}

} // namespace

void build_basics(const section& root, settings& out, mistake_list& mistakes) {
    if (const auto data_dir = root.path("data_dir")) {
        out.data_dir = *data_dir;
        if (*data_dir == "/") {
            mistakes.add(root.at("data_dir"), "data_dir",
                         "the root folder cannot be the data folder; give it one of its own, such as "
                         "/var/lib/evercert");
        }
    }
    build_control(root, out, mistakes);
    build_status(root, out, mistakes);
    if (const auto log = root.below("log")) {
        const auto level = log->text("level");
        if (level) {
            out.log.level = *level == "debug"     ? log_level::debug
                            : *level == "warning" ? log_level::warning
                            : *level == "error"   ? log_level::error
                                                  : log_level::info;
        }
        if (const auto format = log->text("format")) {
            out.log.format = *format == "text"   ? log_format::text
                             : *format == "json" ? log_format::json
                                                 : log_format::automatic;
        }
    }
}

std::vector<named_entry> named_entries(const section& root, std::string_view key) {
    std::vector<named_entry> entries;
    std::set<std::string_view> seen;
    const auto map = root.find(key);
    if (!map || map->kind() != node_kind::map) {
        return entries;
    }
    for (auto name = map->first(); name; name = name->next()->next()) {
        if (name->kind() == node_kind::scalar && is_safe_name(name->text()) &&
            seen.insert(name->text()).second) {
            entries.push_back({std::string(name->text()), *name->next()});
        }
    }
    return entries;
}

const schema_node& named_schema(std::string_view key) {
    return *schema_tree().below.at(key).element();
}

} // namespace evercert::config
