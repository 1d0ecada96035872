#include "daemon/helper/server.hpp"

#include <algorithm>

namespace evercert::daemon {
namespace {

/// Those over our own limit are accepted, to be counted and told so.
constexpr std::size_t spare_connections = 512;
constexpr seconds tell_again{60};

std::shared_ptr<net::socket_server> make_sockets(const asio::any_io_executor& executor,
                                                 const std::shared_ptr<deploy_services>& services) {
    net::socket_limits limits;
    limits.connections = services->limits.connections + spare_connections;
    auto make = [services](net::socket_server::socket accepted,
                           net::peer_name peer) -> std::shared_ptr<net::session> {
        return std::make_shared<deploy_session>(std::move(accepted), std::move(peer), services);
    };
    return std::make_shared<net::socket_server>(executor, services->events, "deploy.descriptors_exhausted",
                                                limits, std::move(make));
}

} // namespace

deploy_server::deploy_server(const asio::any_io_executor& executor, std::shared_ptr<deploy_services> services)
    : time_(services->time)
    , services_(std::move(services))
    , sockets_(make_sockets(executor, services_))
    , changed_(time_.make_timer()) {
    services_->on_change = [this] { changed_->cancel(); };
}

deploy_server::~deploy_server() {
    services_->on_change = nullptr;
    sockets_->shut();
}

result<void> deploy_server::listen(net::listen_address where) {
    return sockets_->listen(std::move(where));
}

awaitable<void> deploy_server::wait_idle(milliseconds how_long) {
    steady_time since = time_.steady_now();
    for (;;) {
        if (services_->open > 0) {
            since = time_.steady_now();
        } else if (time_.steady_now() - since >= how_long) {
            break;
        }
        services_->refusals.tell();
        // A connection that came and went cancels the wait as well, and so is noticed.
        const steady_time idle_end = services_->open > 0 ? steady_time::max() : since + how_long;
        const steady_time next = services_->refusals.owes() ? time_.steady_now() + tell_again : idle_end;
        const bool quiet = co_await changed_->wait_until(std::min(next, idle_end));
        if (!quiet) {
            since = time_.steady_now();
        }
    }
    services_->refusals.tell(true);
}

awaitable<void> deploy_server::drain() {
    services_->refusals.tell(true);
    co_await sockets_->stop();
}

} // namespace evercert::daemon
