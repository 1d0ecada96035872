#include "solvers/listening_solver.hpp"

#include "core/base/text.hpp"

namespace evercert::solvers {

listen_places::listen_places(std::string_view challenge, std::vector<net::listen_address> where,
                             listen_function listen)
    : challenge_(challenge), listen_(std::move(listen)) {
    for (auto& each : where) {
        places_.push_back({std::move(each), false});
    }
}

result<void> listen_places::open() {
    wanted_ = true;
    std::vector<std::string> messages;
    errc code = errc::invalid_argument;
    for (auto& each : places_) {
        if (each.open) {
            continue;
        }
        auto opened = listen_(each.where);
        each.open = opened.has_value();
        if (!opened) {
            code = messages.empty() ? opened.error().code : code;
            messages.push_back(opened.error().message);
        }
    }
    if (!messages.empty()) {
        return fail(code, std::string(challenge_) + ": " + join(messages, "; "));
    }
    if (places_.empty()) {
        return fail(code, "the " + std::string(challenge_) +
                              " challenge has no address to listen on: give it `listen`");
    }
    return {};
}

void listen_places::closed() {
    wanted_ = false;
    for (auto& each : places_) {
        // A passed descriptor is closed with the server and cannot be opened again.
        each.open = each.open && std::holds_alternative<net::passed_socket>(each.where);
    }
}

result<void> listen_places::open_again(const std::function<bool()>& any_open) {
    if (any_open()) {
        return {};
    }
    if (!wanted_) {
        return fail(errc::io, "no " + std::string(challenge_) + " listener is open");
    }
    auto opened = open(); // whoever held the port may have gone
    if (!opened && !any_open()) {
        return opened;
    }
    return {};
}

} // namespace evercert::solvers
