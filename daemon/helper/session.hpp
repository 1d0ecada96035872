#pragma once
// One connection: a request, its check, the deployment, the answer.
#include "core/net/socket_server.hpp"
#include "core/net/watchdog.hpp"
#include "core/ports/deployer.hpp"
#include "daemon/helper/event_relay.hpp"
#include "daemon/helper/gathering.hpp"
#include "daemon/helper/refusal_log.hpp"

#include <functional>
#include <memory>
#include <string>

namespace evercert::daemon {

/// What a name may be deployed as: from our own configuration, with the live set looked at. Its errors of
/// errc::refused, not_found and so on are refusals: nothing has been done.
using task_maker = std::function<awaitable<result<deployment_task>>(std::string certificate)>;

struct deploy_limits {
    std::size_t connections = 512;
    milliseconds request{5000}; ///< for a request to be complete, and for an answer to be taken
    milliseconds gather{2000};  ///< so long those who come together wait for each other's checks
};

/// What all connections share.
struct deploy_services {
    deploy_services(time_source& t, event_relay& e, deployer& d, task_maker make, unsigned uid,
                    deploy_limits l)
        : time(t)
        , events(e)
        , deploys(d)
        , make_task(std::move(make))
        , client_uid(uid)
        , limits(l)
        , refusals(e, t)
        , arrivals(t, l.gather) {}

    time_source& time;
    event_relay& events;
    deployer& deploys;
    task_maker make_task;
    unsigned client_uid;
    deploy_limits limits;
    refusal_log refusals;
    gathering arrivals;
    std::size_t open = 0;              ///< connections
    std::function<void()> on_change{}; ///< `open` is another
};

class deploy_session final : public net::session, public std::enable_shared_from_this<deploy_session> {
public:
    using socket = net::socket_server::socket;

    deploy_session(socket accepted, net::peer_name peer, std::shared_ptr<deploy_services> services);
    ~deploy_session() override;

    awaitable<void> run() override;
    void abort() override;
    /// Until its request is there nothing is owed to it.
    [[nodiscard]] bool idle() const noexcept override { return !asked_; }

private:
    awaitable<result<std::string>> read_request();
    awaitable<result<void>> serve(std::string name);
    awaitable<void> answer(result<void> outcome);
    static awaitable<void> watch_peer(std::shared_ptr<deploy_session> self);
    [[nodiscard]] result<void> admit() const;
    void refuse(const error& why);
    void hear(const event& what);
    void offer();
    void close();

    socket socket_;
    net::peer_name peer_;
    std::shared_ptr<deploy_services> services_;
    net::watchdog deadline_;
    std::string outbox_;
    bool asked_ = false;
    bool answered_ = false;
};

} // namespace evercert::daemon
