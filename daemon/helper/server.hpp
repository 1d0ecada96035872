#pragma once
// evercert-deploy's socket.
#include "core/net/socket_server.hpp"
#include "daemon/helper/session.hpp"

#include <memory>

namespace evercert::daemon {

class deploy_server {
public:
    deploy_server(const asio::any_io_executor& executor, std::shared_ptr<deploy_services> services);
    ~deploy_server();
    deploy_server(const deploy_server&) = delete;
    deploy_server& operator=(const deploy_server&) = delete;

    /// As net::http_server::listen.
    result<void> listen(net::listen_address where);
    /// Resumes when there has been no connection for so long. For one caller.
    awaitable<void> wait_idle(milliseconds how_long);
    /// Accepts no more and waits until what was asked for has been answered.
    awaitable<void> drain();

private:
    time_source& time_;
    std::shared_ptr<deploy_services> services_;
    std::shared_ptr<net::socket_server> sockets_;
    std::unique_ptr<timer> changed_;
};

} // namespace evercert::daemon
