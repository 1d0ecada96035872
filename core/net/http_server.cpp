#include "core/net/http_server.hpp"

#include "core/net/server_session.hpp"

namespace evercert::net {

namespace {

class loop_server final : public http_server {
public:
    loop_server(const asio::any_io_executor& executor, event_sink& events, server_limits limits,
                request_handler handler)
        : services_(std::make_shared<session_services>(executor, events, limits, std::move(handler))) {
        auto make = [services = services_](socket_server::socket accepted,
                                           peer_name peer) -> std::shared_ptr<session> {
            return std::make_shared<server_session>(std::move(accepted), services, std::move(peer.text),
                                                    peer.uid);
        };
        sockets_ = std::make_shared<socket_server>(executor, events, "http.descriptors_exhausted",
                                                   socket_limits{limits.connections, limits.per_source},
                                                   std::move(make));
    }
    ~loop_server() override {
        services_->closed = services_->stopping = true;
        sockets_->shut();
    }
    loop_server(const loop_server&) = delete;
    loop_server& operator=(const loop_server&) = delete;

    result<void> listen(listen_address where) override {
        services_->stopping = false;
        return sockets_->listen(std::move(where));
    }
    awaitable<void> stop() override {
        services_->stopping = true;
        const auto keep = sockets_; // whoever waits here may outlive us
        co_await keep->stop();
    }
    [[nodiscard]] std::vector<std::string> addresses() const override { return sockets_->addresses(); }
    [[nodiscard]] server_counters counters() const override {
        server_counters all = sockets_->counters();
        all.answered = services_->answered;
        all.unwanted = services_->refused;
        return all;
    }

private:
    std::shared_ptr<session_services> services_;
    std::shared_ptr<socket_server> sockets_;
};

} // namespace

std::unique_ptr<http_server> make_http_server(const asio::any_io_executor& executor, event_sink& events,
                                              server_limits limits, request_handler handler) {
    return std::make_unique<loop_server>(executor, events, limits, std::move(handler));
}

} // namespace evercert::net
