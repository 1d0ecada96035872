#include "core/net/port_owner.hpp"

#include "core/base/text.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace evercert::net {

namespace {

namespace fs = std::filesystem;

/// Inodes of the listening sockets on the port, as "socket:[123]".
std::set<std::string> listening_inodes(const char* table, std::uint16_t port) {
    std::set<std::string> out;
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::istringstream columns(line);
        std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
        columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >>
            inode;
        const auto colon = local.rfind(':');
        if (state != "0A" || colon == std::string::npos) {
            continue;
        }
        if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) {
            out.insert("socket:[" + inode + "]");
        }
    }
    return out;
}

bool holds_any(const fs::path& process, const std::set<std::string>& inodes) {
    std::error_code ec;
    for (fs::directory_iterator it(process / "fd", ec), end; !ec && it != end; it.increment(ec)) {
        std::error_code gone;
        const auto target = fs::read_symlink(it->path(), gone);
        if (!gone && inodes.contains(target.string())) {
            return true;
        }
    }
    return false;
}

} // namespace

std::string port_owner(std::uint16_t port) {
    auto inodes = listening_inodes("/proc/net/tcp", port);
    inodes.merge(listening_inodes("/proc/net/tcp6", port));
    if (inodes.empty()) {
        return {};
    }
    std::error_code ec;
    for (fs::directory_iterator it("/proc", ec), end; !ec && it != end; it.increment(ec)) {
        const std::string pid = it->path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos || !holds_any(it->path(), inodes)) {
            continue;
        }
        std::ifstream comm(it->path() / "comm");
        std::string name;
        std::getline(comm, name);
        return escape(name, 40) + " (pid " + pid + ")";
    }
    return {};
}

} // namespace evercert::net
