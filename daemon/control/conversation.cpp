#include "daemon/control/conversation.hpp"

#include "daemon/log/printable.hpp"

namespace evercert::daemon {

int conversation::complain(int code, std::string_view what) const {
    world_.err(fmt::format("evercert: {}\n", printable(what)));
    return code;
}

or_exit<std::string> conversation::ask(const std::string& method, const std::string& target, std::string body,
                                       milliseconds deadline) const {
    http_request request(method, target);
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
    }
    request.body = std::move(body);
    request.body_limit = std::size_t{256} * 1024 * 1024;
    request.deadline = deadline;
    return body_of(world_.request(socket_, std::move(request)));
}

or_exit<std::string> conversation::follow(const std::string& target,
                                          const std::function<bool(std::string_view line)>& take) const {
    constexpr milliseconds longest_silence = seconds(45); // several heartbeats
    http_request request("GET", target);
    request.deadline = longest_silence;
    return body_of(world_.follow(socket_, std::move(request), take));
}

or_exit<std::string> conversation::body_of(result<http_response> response) const {
    if (!response) {
        const error& e = response.error();
        const bool answered =
            e.code == errc::timed_out || e.code == errc::protocol || e.code == errc::too_large;
        return std::unexpected(complain(answered ? exit_failed : exit_no_daemon, e.text()));
    }
    if (response->status >= 200 && response->status < 300) {
        return std::move(response->body);
    }
    if (options_.json) {
        say(response->body);
    }
    const auto message = error_message_from_json(response->body);
    return std::unexpected(complain(
        exit_failed,
        message ? *message : fmt::format("evercertd answered with HTTP status {}", response->status)));
}

or_exit<lifecycle::certificate_status> conversation::ask_certificate() const {
    const auto text = ask("GET", path());
    if (!text) {
        return std::unexpected(text.error());
    }
    return understood(certificate_from_json(*text));
}

} // namespace evercert::daemon
