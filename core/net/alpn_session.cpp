#include "core/net/alpn_session.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace evercert::net {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

namespace {

/// A client's whole part of a handshake has 5 KiB.
constexpr std::size_t longest_handshake = 64 * 1024;
constexpr std::size_t linger_limit = 16 * 1024;

bool nothing_there(const error_code& ec) {
    return ec == asio::error::would_block || ec == asio::error::try_again || ec == asio::error::interrupted;
}

} // namespace

alpn_session::alpn_session(socket accepted, std::shared_ptr<alpn_services> services, std::string peer)
    : socket_(std::move(accepted))
    , services_(std::move(services))
    , timer_(socket_.get_executor())
    , peer_(std::move(peer)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    timer_.set(socket_clock() + services_->limits.lifetime, [this] { abort(); });
}

void alpn_session::abort() {
    error_code ignored;
    socket_.close(ignored);
    cancel->emit();
}

awaitable<void> alpn_session::run() {
    auto hello = co_await read_hello();
    if (!hello) {
        co_return;
    }
    wanted_ = true;
    const std::string name = hello->server_name;
    const std::uint16_t version = hello->legacy_version;
    bool shown = false;
    {
        const auto place = co_await services_->turns.enter();
        auto identity = services_->closed ? std::nullopt : services_->find(name);
        if (!identity) { // cleaned up while we waited
            turn_away(tls_alert::unrecognized_name, version, name);
            co_return;
        }
        shown = co_await shake_hands(std::move(*identity), std::move(*hello));
    }
    if (shown) {
        ++services_->shown;
        wanted_ = false;
        co_await linger();
    }
}

awaitable<std::optional<client_hello>> alpn_session::read_hello() {
    for (;;) {
        const bool more = co_await receive();
        if (!more) {
            co_return std::nullopt;
        }
        auto reading = read_client_hello(received_);
        if (reading.refusal) {
            turn_away(*reading.refusal, tls_1_2, {});
            co_return std::nullopt;
        }
        if (reading.hello) {
            const auto refusal = judge(*reading.hello);
            if (!refusal) {
                co_return std::move(reading.hello);
            }
            turn_away(*refusal, reading.hello->legacy_version, reading.hello->server_name);
            co_return std::nullopt;
        }
    }
}

std::optional<tls_alert> alpn_session::judge(const client_hello& hello) const {
    if (hello.newest_version < tls_1_2) {
        return tls_alert::protocol_version;
    }
    if (hello.protocols.size() != 1 || hello.protocols.front() != services_->protocol) {
        return tls_alert::no_application_protocol;
    }
    if (hello.server_name.empty() || services_->closed || !services_->find(hello.server_name)) {
        return tls_alert::unrecognized_name;
    }
    return std::nullopt;
}

/// Whether the peer has completed the handshake.
awaitable<bool> alpn_session::shake_hands(tls_identity shown, client_hello hello) {
    server_handshake hands(services_->context.get(), shown, hello.server_name, services_->protocol);
    std::size_t taken = 0;
    for (;;) {
        const std::string input = std::exchange(received_, {});
        taken += input.size();
        const auto state = hands.feed(input);
        const std::string output = hands.take_output();
        error_code ec;
        if (!output.empty()) {
            co_await asio::async_write(socket_, asio::buffer(output), redirect_error(use_awaitable, ec));
        }
        if (state == server_handshake::state::failed) {
            report(hands.reason(), hello.server_name);
        }
        if (ec || state == server_handshake::state::failed || taken > longest_handshake) {
            co_return false;
        }
        if (state == server_handshake::state::done) {
            if (shown.on_shown && !services_->closed) {
                shown.on_shown();
            }
            co_return true;
        }
        const bool more = co_await receive();
        if (!more) {
            report(timer_.expired() ? "it took too long" : "the peer went away", hello.server_name);
            co_return false;
        }
    }
}

/// Waits for bytes; false when none will come any more.
awaitable<bool> alpn_session::receive() {
    for (;;) {
        error_code ec;
        co_await socket_.async_wait(socket::wait_read, redirect_error(use_awaitable, ec));
        if (ec) {
            co_return false;
        }
        const auto n = socket_.read_some(asio::buffer(services_->scratch), ec);
        if (nothing_there(ec)) {
            continue;
        }
        if (ec) {
            co_return false;
        }
        received_.append(services_->scratch.data(), n);
        co_return true;
    }
}

/// Closing with unread bytes sends a reset, which can overtake what was written last.
awaitable<void> alpn_session::linger() {
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    for (std::size_t seen = 0; seen < linger_limit; seen += received_.size()) {
        received_.clear();
        const bool more = co_await receive();
        if (!more) {
            co_return;
        }
    }
}

/// Not waited for: the few bytes fit into what the kernel keeps for a new connection.
void alpn_session::turn_away(tls_alert why, std::uint16_t version, std::string_view name) {
    ++services_->turned_away;
    const std::string alert = alert_record(why, version);
    error_code ec;
    socket_.write_some(asio::buffer(alert), ec);
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    // What has come already is taken, or closing resets the connection and the alert is lost.
    ec.clear();
    for (std::size_t seen = 0; !ec && seen < linger_limit;) {
        seen += socket_.read_some(asio::buffer(services_->scratch), ec);
    }
    report(to_string(why), name);
}

void alpn_session::report(std::string_view what, std::string_view name) const {
    if (services_->closed || !services_->events.reads(severity::debug)) {
        return;
    }
    event out;
    out.id = "alpn.turned_away";
    out.level = severity::debug;
    out.message = "a connection ended without the certificate that it may have come for";
    out.fields.emplace_back("peer", peer_);
    out.fields.emplace_back("name", name);
    out.fields.emplace_back("reason", what);
    services_->events.emit(out);
}

} // namespace evercert::net
