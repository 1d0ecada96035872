#include "core/net/alpn_listener.hpp"

#include "core/net/alpn_session.hpp"

namespace evercert::net {

namespace {

class loop_listener final : public alpn_listener {
public:
    loop_listener(const asio::any_io_executor& executor, event_sink& events, alpn_limits limits,
                  std::string protocol, identity_lookup find)
        : services_(std::make_shared<alpn_services>(executor, events, limits, std::move(protocol),
                                                    std::move(find))) {
        auto make = [services = services_](socket_server::socket accepted,
                                           peer_name peer) -> std::shared_ptr<session> {
            return std::make_shared<alpn_session>(std::move(accepted), services, std::move(peer.text));
        };
        sockets_ = std::make_shared<socket_server>(executor, events, "alpn.descriptors_exhausted",
                                                   socket_limits{limits.connections, limits.per_source},
                                                   std::move(make));
    }
    ~loop_listener() override {
        services_->closed = true;
        sockets_->shut();
    }
    loop_listener(const loop_listener&) = delete;
    loop_listener& operator=(const loop_listener&) = delete;

    result<void> listen(listen_address where) override { return sockets_->listen(std::move(where)); }
    awaitable<void> stop() override {
        const auto keep = sockets_; // whoever waits here may outlive us
        co_await keep->stop();
    }
    [[nodiscard]] std::vector<std::string> addresses() const override { return sockets_->addresses(); }
    [[nodiscard]] server_counters counters() const override {
        server_counters all = sockets_->counters();
        all.answered = services_->shown;
        all.unwanted = services_->turned_away;
        return all;
    }

private:
    std::shared_ptr<alpn_services> services_;
    std::shared_ptr<socket_server> sockets_;
};

} // namespace

std::unique_ptr<alpn_listener> make_alpn_listener(const asio::any_io_executor& executor, event_sink& events,
                                                  alpn_limits limits, std::string protocol,
                                                  identity_lookup find) {
    return std::make_unique<loop_listener>(executor, events, limits, std::move(protocol), std::move(find));
}

} // namespace evercert::net
