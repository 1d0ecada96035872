#pragma once
// The TCP listener of the status page: opened as the configuration says, tried again while it cannot be.
#include "config/settings.hpp"
#include "core/net/http_server.hpp"
#include "daemon/status/routes.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evercert::daemon::status {

class status_listener {
public:
    /// References in `parts`, and `events`, must outlive it.
    status_listener(status_parts parts, event_sink& events);

    /// Closes what is not wanted any more and opens what is. An address that cannot be had is the event
    /// listener.failed, once, and is tried again by retry(); listener.open when it could be had after all.
    void configure(config::status_settings wanted);
    void retry();
    /// Lets requests under way finish.
    awaitable<void> stop();
    /// Gives back memory from time to time; runs until it is cancelled.
    awaitable<void> tidy();
    [[nodiscard]] std::vector<std::string> addresses() const;
    [[nodiscard]] net::server_counters counters() const;

private:
    void open();
    void tell(bool opened, const std::string& why);

    asio::any_io_executor executor_;
    time_source& time_;
    event_sink& events_;
    status_routes routes_;
    config::status_settings wanted_;
    std::vector<endpoint> missing_; ///< not open yet
    std::string trouble_;           ///< said last
    std::unique_ptr<net::http_server> server_;
};

} // namespace evercert::daemon::status
