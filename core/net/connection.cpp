#include "core/net/connection.hpp"

#include "core/base/text.hpp"
#include "core/net/message.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace evercert::net {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

connection::connection(const asio::any_io_executor& executor, std::shared_ptr<asio::ssl::context> context,
                       std::shared_ptr<session_slot> sessions)
    : buffer(read_buffer_limit), timer(executor), context_(std::move(context)), socket_(executor) {
    if (context_) {
        tls_.emplace(socket_, *context_);
    }
    record.sessions = std::move(sessions);
    buffer.reserve(8 * 1024);
}

connection::~connection() {
    // OpenSSL forgets the session of a connection that ends without a TLS close; the messages were framed, so
    // ours may.
    if (tls_) {
        SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

void connection::limit(steady_time deadline) {
    auto close = [this] {
        error_code ignored;
        tcp().close(ignored);
    };
    timer.set(deadline, std::move(close));
}

bool connection::silent() {
    // A close_notify may have come along with the last answer: then it is with OpenSSL or on the way to it.
    // What Asio itself keeps back is what OpenSSL's end has no room for, so that one is not empty either.
    if (tls_) {
        SSL* ssl = tls_->native_handle();
        if (SSL_has_pending(ssl) != 0 || BIO_ctrl_pending(SSL_get_rbio(ssl)) != 0) {
            return false;
        }
    }
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool connection::quiet() {
    if (!tcp().is_open() || buffer.size() != 0) {
        return false;
    }
    if (silent()) {
        return true;
    }
    // Through TLS, not by what lies at the socket: late session tickets are no reason to give a connection
    // up.
    char byte = 0;
    error_code ec;
    if (tls_) {
        tls_->read_some(asio::buffer(&byte, 1), ec);
    } else {
        socket_.read_some(asio::buffer(&byte, 1), ec);
    }
    return ec == asio::error::would_block;
}

awaitable<result<void>> connect_any(connection& to, addresses where, steady_time deadline, std::string peer) {
    std::string tried;
    bool only_timeouts = true;
    for (std::size_t i = 0; i < where.size(); ++i) {
        const auto now = socket_clock();
        if (now >= deadline) {
            break;
        }
        const auto share = (deadline - now) / static_cast<long>(where.size() - i);
        error_code ec;
        to.tcp().close(ec);
        to.limit(now + share);
        to.tcp().open(where[i].protocol(), ec);
        if (!ec) {
            co_await to.tcp().async_connect(where[i], redirect_error(use_awaitable, ec));
        }
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
        if (!ec && !to.timed_out()) {
            error_code ignored;
            to.tcp().set_option(asio::ip::tcp::no_delay(true), ignored);
            to.tcp().non_blocking(true, ignored); // for `quiet`
            to.limit(deadline);
            co_return result<void>();
        }
        only_timeouts = only_timeouts && to.timed_out();
        tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", where[i].address().to_string(),
                             to.timed_out() ? "no answer in time" : ec.message());
    }
    co_return fail(only_timeouts ? errc::timed_out : errc::network,
                   fmt::format("cannot connect to {} ({})", peer, tried.empty() ? "no time left" : tried));
}

awaitable<result<void>> open_tunnel(connection& through, proxy via, std::string origin,
                                    std::string user_agent) {
    std::string ask = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", origin);
    if (!user_agent.empty()) {
        ask += "User-Agent: " + user_agent + "\r\n";
    }
    if (!via.authorization.empty()) {
        ask += "Proxy-Authorization: " + via.authorization + "\r\n";
    }
    ask += "\r\n";
    const std::string name = "the proxy " + bracketed(via.host) + ":" + std::to_string(via.port);
    error_code ec;
    co_await asio::async_write(through.tcp(), asio::buffer(ask), redirect_error(use_awaitable, ec));
    if (ec) {
        co_return fail(read_error(ec, name, 0));
    }
    bool touched = false;
    // A success answer to CONNECT has no body whatever its headers say, as with HEAD; others are not read
    // further.
    auto answer = co_await read_response(through.tcp(), through.buffer, name, true, 0, touched);
    if (!answer) {
        co_return fail(std::move(answer.error()));
    }
    const unsigned status = answer->response.status;
    if (status == 407) {
        co_return fail(errc::network,
                       name + " wants a user name and password: put the right ones into https_proxy");
    }
    if (status / 100 != 2) {
        co_return fail(errc::network,
                       fmt::format("{} refused to connect to {} (status {})", name, origin, status));
    }
    if (through.buffer.size() != 0) {
        co_return fail(errc::protocol, name + " sent bytes before the TLS handshake began");
    }
    co_return result<void>();
}

awaitable<result<void>> shake_hands(connection& with, std::string host) {
    prepare_handshake(with.tls().native_handle(), host, with.record);
    error_code ec;
    co_await with.tls().async_handshake(asio::ssl::stream_base::client, redirect_error(use_awaitable, ec));
    if (ec) {
        if (with.record.sessions) {
            with.record.sessions->put(nullptr); // whatever it was, do not offer it again
        }
        co_return fail(handshake_error(host, ec, with.record));
    }
    co_return result<void>();
}

} // namespace evercert::net
