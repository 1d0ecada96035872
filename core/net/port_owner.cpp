#include "core/net/port_owner.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
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

/// An address as the tables have it, in the words of the machine's own byte order; empty for one that stands
/// for all, or for none at all.
std::string in_tables(const std::string& address) {
    std::array<std::uint32_t, 4> words{};
    std::size_t count = 0;
    if (::inet_pton(AF_INET, address.c_str(), words.data()) == 1) {
        count = 1;
    } else if (::inet_pton(AF_INET6, address.c_str(), words.data()) == 1) {
        count = words.size();
    }
    const bool all = std::ranges::all_of(words, [](std::uint32_t word) { return word == 0; });
    std::string out;
    for (std::size_t i = 0; i < count && !all; ++i) {
        out += fmt::format("{:08X}", words.at(i));
    }
    return out;
}

/// Whether a socket at `local` and one at `ours` cannot be at one port.
bool collide(std::string_view local, std::string_view ours) {
    return ours.empty() || local == ours || local.find_first_not_of('0') == std::string_view::npos;
}

/// Inodes of the sockets in this state on the port, as "socket:[123]".
std::set<std::string> listening_inodes(const char* table, std::string_view wanted, std::uint16_t port,
                                       std::string_view ours) {
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
        if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port &&
            collide(std::string_view(local).substr(0, colon), ours)) {
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
std::set<std::string> inodes_at(std::uint16_t port, transport over, const std::string& address) {
    const std::string ours = in_tables(address);
    const bool tcp = over == transport::tcp;
    const std::string_view state = tcp ? tcp_listens : udp_hears;
    auto inodes = listening_inodes(tcp ? "/proc/self/net/tcp" : "/proc/self/net/udp", state, port, ours);
    inodes.merge(listening_inodes(tcp ? "/proc/self/net/tcp6" : "/proc/self/net/udp6", state, port, ours));
    return inodes;
}

} // namespace

bool port_in_use(std::uint16_t port, transport over, const std::string& address) {
    return !inodes_at(port, over, address).empty();
}

std::string port_owner(std::uint16_t port, transport over, const std::string& address) {
    const auto inodes = inodes_at(port, over, address);
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
