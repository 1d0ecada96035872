#include "daemon/helper/session.hpp"

#include "daemon/helper/protocol.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace evercert::daemon {

using boost::system::error_code;

deploy_session::deploy_session(socket accepted, net::peer_name peer,
                               std::shared_ptr<deploy_services> services)
    : socket_(std::move(accepted))
    , peer_(std::move(peer))
    , services_(std::move(services))
    , deadline_(socket_.get_executor()) {
    error_code ignored;
    socket_.non_blocking(true, ignored); // for `offer`
    ++services_->open;
    deadline_.set(net::socket_clock() + services_->limits.request, [this] { close(); });
}

deploy_session::~deploy_session() {
    --services_->open;
    if (services_->on_change) {
        services_->on_change();
    }
}

void deploy_session::close() {
    error_code ignored;
    socket_.close(ignored);
}

void deploy_session::abort() {
    close();
    cancel->emit();
}

result<void> deploy_session::admit() const {
    if (services_->open > services_->limits.connections) {
        return fail(errc::busy, "too many connections");
    }
    if (!peer_.uid || (*peer_.uid != 0 && *peer_.uid != services_->client_uid)) {
        return fail(errc::refused, fmt::format("only uid {} and root may ask", services_->client_uid));
    }
    return {};
}

void deploy_session::refuse(const error& why) {
    if (why.code == errc::busy) {
        services_->refusals.turn_away();
    } else {
        services_->refusals.refuse(peer_.text, why.text());
    }
}

/// What the kernel takes at once; the rest goes with the result. A peer that does not read holds up nobody.
void deploy_session::offer() {
    error_code ec;
    const std::size_t taken = socket_.write_some(asio::buffer(outbox_), ec);
    if (!ec) {
        outbox_.erase(0, taken);
    }
}

void deploy_session::hear(const event& what) {
    std::string line = event_line(what);
    if (outbox_.size() + line.size() <= longest_answer / 2) {
        outbox_ += line;
        offer();
    }
}

awaitable<result<std::string>> deploy_session::read_request() {
    std::string received;
    std::array<char, longest_request + 1> part{};
    for (;;) {
        error_code ec;
        const std::size_t got = co_await socket_.async_read_some(
            asio::buffer(part), asio::redirect_error(asio::use_awaitable, ec));
        if (deadline_.expired()) {
            co_return fail(errc::timed_out, "the request was not complete in time", std::move(received));
        }
        net::throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (ec) {
            co_return fail(errc::network, "the connection ended before the request was complete",
                           std::move(received));
        }
        received.append(part.data(), got);
        auto name = parse_request(received);
        if (!name) {
            co_return fail(std::move(name.error()));
        }
        if (*name) {
            co_return std::move(**name);
        }
    }
}

/// A peer that goes has no more interest in what has not begun; one that goes on talking has had its say.
awaitable<void> deploy_session::watch_peer(std::shared_ptr<deploy_session> self) {
    std::array<char, 1> more{};
    error_code ec;
    co_await self->socket_.async_read_some(asio::buffer(more), asio::redirect_error(asio::use_awaitable, ec));
    if (self->answered_) {
        co_return;
    }
    if (!ec) {
        self->refuse(error(errc::protocol, "something came after the request"));
    }
    self->abort();
}

awaitable<result<void>> deploy_session::serve(std::string name) {
    gathering::guest guest(services_->arrivals);
    auto making = services_->make_task(name);
    auto task = co_await std::move(making);
    if (!task) {
        refuse(task.error());
        co_return fail(std::move(task.error()));
    }
    co_await guest.wait();
    const event_relay::subscription hearing(services_->events, name, task->deployments,
                                            [this](const event& what) { hear(what); });
    auto deploying = services_->deploys.deploy(std::move(*task));
    auto outcome = co_await std::move(deploying);
    if (!outcome) {
        event failed;
        failed.id = "deploy.failed";
        failed.level = severity::warning;
        failed.certificate = name;
        failed.message = outcome.error().text();
        services_->events.emit_to_log(failed);
    }
    co_return outcome;
}

awaitable<void> deploy_session::answer(result<void> outcome) {
    answered_ = true;
    outbox_ += result_line(outcome);
    deadline_.set(net::socket_clock() + services_->limits.request, [this] { close(); });
    error_code ec;
    co_await asio::async_write(socket_, asio::buffer(outbox_), asio::redirect_error(asio::use_awaitable, ec));
    deadline_.clear();
    close();
}

awaitable<void> deploy_session::run() {
    const auto self = shared_from_this();
    if (auto welcome = admit(); !welcome) {
        refuse(welcome.error());
        answered_ = true;
        outbox_ = result_line(welcome);
        offer();
        deadline_.clear();
        close();
        co_return;
    }
    auto name = co_await read_request();
    if (!name) {
        refuse(name.error());
        result<void> outcome = fail(std::move(name.error()));
        outcome.error().foreign.clear();
        co_await answer(std::move(outcome));
        co_return;
    }
    asked_ = true;
    deadline_.clear();
    asio::co_spawn(socket_.get_executor(), watch_peer(self), asio::detached);
    auto outcome = co_await serve(std::move(*name));
    co_await answer(std::move(outcome));
}

} // namespace evercert::daemon
