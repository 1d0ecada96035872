#include "daemon/passed_sockets.hpp"

#include <algorithm>
#include <fcntl.h>
#include <utility>

namespace evercert::daemon {
namespace {

bool has_port(const std::vector<endpoint>& listen, const net::passed_facts& facts) {
    return facts.port != 0 &&
           std::ranges::any_of(listen, [&](const endpoint& each) { return each.port == facts.port; });
}

/// systemd's own names for what the socket unit does not name.
bool nameless(const std::string& name) {
    return name == "unknown" || name.ends_with(".socket");
}

} // namespace

passed_sockets::passed_sockets(std::vector<systemd::passed_descriptor> passed) {
    for (systemd::passed_descriptor& each : passed) {
        one made;
        made.name = std::move(each.name);
        made.descriptor = unique_fd(each.descriptor);
        made.facts = net::look_at(net::passed_socket{each.descriptor});
        all_.push_back(std::move(made));
    }
}

template <class Wanted>
void passed_sockets::give(const socket_demand& demand, Wanted wanted) {
    for (one& each : all_) {
        const bool fits = demand.kind == traffic::dns || !each.facts.datagram;
        if (each.user.empty() && fits && wanted(each)) {
            each.user = demand.challenge;
        }
    }
}

void passed_sockets::share_out(const std::vector<socket_demand>& demands) {
    for (const socket_demand& demand : demands) {
        give(demand, [&](const one& each) { return each.name == demand.challenge; });
    }
    for (const socket_demand& demand : demands) {
        give(demand, [&](const one& each) { return has_port(demand.listen, each.facts); });
    }
    for (const socket_demand& demand : demands) {
        const bool has_some =
            std::ranges::any_of(all_, [&](const one& each) { return each.user == demand.challenge; });
        if (demand.kind == traffic::streams && !has_some) {
            give(demand, [](const one& each) { return nameless(each.name); });
        }
    }
}

void passed_sockets::take_back(const std::string& challenge) {
    for (one& each : all_) {
        if (each.user == challenge) {
            each.user.clear();
        }
    }
}

std::vector<net::listen_address> passed_sockets::places(const std::string& challenge,
                                                        const std::vector<endpoint>& configured) const {
    std::vector<net::listen_address> places;
    std::vector<std::uint16_t> covered;
    for (const one& each : all_) {
        if (each.user != challenge) {
            continue;
        }
        const int copy = ::fcntl(each.descriptor.get(), F_DUPFD_CLOEXEC, 0);
        places.emplace_back(net::passed_socket{copy}); // a failed copy is refused when it is opened
        if (has_port(configured, each.facts)) {
            covered.push_back(each.facts.port);
        }
    }
    const bool stands_for_all = !places.empty() && covered.empty();
    for (const endpoint& each : configured) {
        if (!stands_for_all && std::ranges::find(covered, each.port) == covered.end()) {
            places.emplace_back(each);
        }
    }
    return places;
}

std::vector<std::string> passed_sockets::idle() const {
    std::vector<std::string> addresses;
    for (const one& each : all_) {
        if (each.user.empty()) {
            addresses.push_back(each.facts.address.empty() ? each.name : each.facts.address);
        }
    }
    return addresses;
}

} // namespace evercert::daemon
