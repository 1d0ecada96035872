#include "core/dns/server.hpp"

#include "core/dns/datagram.hpp"
#include "core/dns/stream_session.hpp"
#include "core/net/listen_socket.hpp"
#include "core/net/socket_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace evercert::dns {
namespace {

using boost::system::error_code;

/// Turns before others on the loop have theirs.
constexpr int burst = 64;
constexpr milliseconds breath{50};
/// Port 0 wants one number that is free twice.
constexpr int port_attempts = 16;

/// What is left of a server that is gone holds its own part of this, and uses nothing else.
struct services {
    services(time_source& t, random_source& random, server_limits limits, answer_function a)
        : time(t), rate(limits.rate, random), answer(std::move(a)) {}

    time_source& time; ///< not used once the sockets are closed
    response_rate rate;
    answer_function answer;
    datagram incoming;
    std::uint64_t answered = 0;
    std::uint64_t refused = 0; ///< over UDP, because too many came from there
};

struct datagram_listener {
    datagram_listener(const asio::any_io_executor& executor, net::listen_socket opened)
        : socket(std::move(opened)), readable(executor, socket.get()) {}
    datagram_listener(const datagram_listener&) = delete;
    datagram_listener& operator=(const datagram_listener&) = delete;
    ~datagram_listener() { readable.release(); } // the descriptor is the listen_socket's to close

    void close() {
        error_code ignored;
        readable.cancel(ignored);
        readable.release();
        socket = net::listen_socket();
    }

    net::listen_socket socket;
    asio::posix::stream_descriptor readable;
};

void answer_one(services& all, int descriptor) {
    datagram& asked = all.incoming;
    std::string packet;
    switch (all.rate.count(asked.from(), all.time.steady_now())) {
    case rate_verdict::answer:
        ++all.answered;
        packet = all.answer(asked.bytes(), over::udp);
        break;
    case rate_verdict::truncate:
        ++all.refused;
        packet = make_truncated(asked.bytes());
        break;
    case rate_verdict::drop:
        ++all.refused;
        break;
    }
    if (!packet.empty() && !answer(descriptor, asked, packet)) {
        const std::string less = make_truncated(asked.bytes());
        if (!less.empty()) {
            (void)answer(descriptor, asked, less);
        }
    }
}

awaitable<void> answer_datagrams(std::shared_ptr<services> all, std::shared_ptr<datagram_listener> from) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (;;) {
        error_code ec;
        co_await from->readable.async_wait(asio::posix::descriptor_base::wait_read,
                                           asio::redirect_error(asio::use_awaitable, ec));
        if (ec || from->socket.get() < 0) {
            co_return;
        }
        heard what = heard::good;
        for (int turn = 0; turn < burst && (what == heard::good || what == heard::unusable); ++turn) {
            what = receive(from->socket.get(), all->incoming);
            if (what == heard::good) {
                answer_one(*all, from->socket.get());
            }
        }
        if (what == heard::exhausted) {
            pause.expires_after(breath);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
            if (from->socket.get() < 0) {
                co_return;
            }
        }
    }
}

class loop_server final : public server {
public:
    loop_server(const asio::any_io_executor& executor, event_sink& events, time_source& time,
                random_source& random, server_limits limits, answer_function answer)
        : executor_(executor), services_(std::make_shared<services>(time, random, limits, answer)) {
        auto counted = [all = services_, answer](std::string_view packet, over path) {
            ++all->answered;
            return answer(packet, path);
        };
        auto make = [answer = answer_function(std::move(counted)),
                     limits](net::socket_server::socket accepted,
                             net::peer_name) -> std::shared_ptr<net::session> {
            return std::make_shared<stream_session>(std::move(accepted), answer, limits);
        };
        streams_ = std::make_shared<net::socket_server>(
            executor, events, "dns.descriptors_exhausted",
            net::socket_limits{limits.connections, limits.per_source}, std::move(make));
    }
    ~loop_server() override {
        close_datagrams();
        streams_->shut();
    }
    loop_server(const loop_server&) = delete;
    loop_server& operator=(const loop_server&) = delete;

    result<void> listen(net::listen_address where) override {
        if (std::holds_alternative<net::unix_endpoint>(where)) {
            return fail(errc::invalid_argument, "nobody asks a DNS server over a Unix socket");
        }
        if (const auto* passed = std::get_if<net::passed_socket>(&where)) {
            if (!net::is_passed_udp(*passed)) {
                return streams_->listen(where);
            }
            auto taken = net::take_passed_udp(*passed);
            if (!taken) {
                return fail(std::move(taken.error()));
            }
            hear(std::move(*taken));
            return {};
        }
        const auto& wanted = std::get<endpoint>(where);
        auto done = listen_twice(wanted);
        for (int i = 1; !done && done.error().code == errc::busy && wanted.port == 0 && i < port_attempts;
             ++i) {
            done = listen_twice(wanted);
        }
        return done;
    }

    awaitable<void> stop() override {
        close_datagrams();
        const auto keep = streams_; // whoever waits here may outlive us
        co_await keep->stop();
    }

    [[nodiscard]] std::vector<std::string> addresses() const override {
        std::vector<std::string> all;
        for (const auto& each : datagrams_) {
            all.push_back(each->socket.address + "/udp");
        }
        for (const std::string& each : streams_->addresses()) {
            all.push_back(each + "/tcp");
        }
        return all;
    }

    [[nodiscard]] net::server_counters counters() const override {
        net::server_counters all = streams_->counters();
        all.answered = services_->answered;
        all.unwanted = services_->refused;
        return all;
    }

private:
    result<void> listen_twice(const endpoint& wanted) {
        std::vector<const net::listen_socket*> beside;
        for (const auto& each : datagrams_) {
            beside.push_back(&each->socket);
        }
        const auto mode = net::mode_beside(beside, wanted);
        if (!mode) {
            return streams_->listen(wanted); // covered there as well
        }
        auto datagrams = net::open_udp(wanted, *mode);
        if (!datagrams) {
            return fail(std::move(datagrams.error()));
        }
        endpoint same = wanted;
        same.port = datagrams->port;
        if (auto streams = streams_->listen(same); !streams) {
            return streams;
        }
        hear(std::move(*datagrams));
        return {};
    }

    void hear(net::listen_socket socket) {
        want_local_address(socket.get(), socket.ipv6);
        auto made = std::make_shared<datagram_listener>(executor_, std::move(socket));
        datagrams_.push_back(made);
        asio::co_spawn(executor_, answer_datagrams(services_, std::move(made)), asio::detached);
    }

    void close_datagrams() {
        for (const auto& each : datagrams_) {
            each->close();
        }
        datagrams_.clear();
    }

    asio::any_io_executor executor_;
    std::shared_ptr<services> services_;
    std::vector<std::shared_ptr<datagram_listener>> datagrams_;
    std::shared_ptr<net::socket_server> streams_;
};

} // namespace

std::unique_ptr<server> make_server(const asio::any_io_executor& executor, event_sink& events,
                                    time_source& time, random_source& random, server_limits limits,
                                    answer_function answer) {
    return std::make_unique<loop_server>(executor, events, time, random, limits, std::move(answer));
}

} // namespace evercert::dns
