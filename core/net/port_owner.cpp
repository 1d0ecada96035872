#include "core/net/port_owner.hpp"

#include "core/base/text.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace evercert::net {

namespace {

namespace fs = std::filesystem;

/// States as the kernel writes them: a TCP socket that listens, a UDP socket without a peer.
constexpr std::string_view tcp_listens = "0A";
constexpr std::string_view udp_hears = "07";

/// Inodes of the sockets in this state on the port, as "socket:[123]".
std::set<std::string> listening_inodes(const char* table, std::string_view wanted, std::uint16_t port) {
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
        if (state != wanted || colon == std::string::npos) {
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

/// Of both IP versions. The tables are looked at where a sandbox that hides all but processes has them too.
std::set<std::string> inodes_at(std::uint16_t port, transport over) {
    const bool tcp = over == transport::tcp;
    const std::string_view state = tcp ? tcp_listens : udp_hears;
    auto inodes = listening_inodes(tcp ? "/proc/self/net/tcp" : "/proc/self/net/udp", state, port);
    inodes.merge(listening_inodes(tcp ? "/proc/self/net/tcp6" : "/proc/self/net/udp6", state, port));
    return inodes;
}

} // namespace

bool port_in_use(std::uint16_t port, transport over) {
    return !inodes_at(port, over).empty();
}

std::string port_owner(std::uint16_t port, transport over) {
    const auto inodes = inodes_at(port, over);
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
