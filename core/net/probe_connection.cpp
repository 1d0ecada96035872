#include "core/net/probe_connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/ssl.h>

#include <cerrno>

namespace evercert::net {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using kind = probe_error::kind;

namespace {

probe_error connect_failure(const error_code& ec) {
    switch (ec.value()) {
    case ECONNREFUSED:
        return {kind::refused, "connection refused"};
    case ETIMEDOUT:
        return {kind::silent, "no answer in time"};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
        return {kind::no_way, "no way there: " + ec.message()};
    default:
        return {kind::broken, "no connection: " + ec.message()};
    }
}

} // namespace

std::shared_ptr<asio::ssl::context> unverified_context() {
    auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_security_level(made->native_handle(), 0);
    error_code ignored;
    made->set_verify_mode(asio::ssl::verify_none, ignored);
    return made;
}

awaitable<std::optional<probe_error>> connect_probe(connection& to, endpoint where, steady_time end) {
    error_code ec;
    const auto address = asio::ip::make_address(where.address, ec);
    if (ec) {
        co_return probe_error(kind::no_way, "no way there: not an IP address");
    }
    to.limit(end);
    const asio::ip::tcp::endpoint target(address, where.port);
    co_await to.tcp().async_connect(target, redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (to.timed_out()) {
        co_return probe_error(kind::silent, "no answer in time");
    }
    if (ec) {
        co_return connect_failure(ec);
    }
    co_return std::nullopt;
}

awaitable<std::optional<probe_error>> handshake_probe(connection& with, std::string server_name,
                                                      std::string protocol) {
    SSL* ssl = with.tls().native_handle();
    if (!server_name.empty()) {
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, server_name.data());
    }
    if (!protocol.empty()) {
        const std::string wire = static_cast<char>(protocol.size()) + protocol;
        SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
    }
    error_code ec;
    co_await with.tls().async_handshake(asio::ssl::stream_base::client, redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (with.timed_out()) {
        co_return probe_error(kind::stalled, "connected, but the TLS handshake took too long");
    }
    if (ec.category() == asio::error::get_ssl_category()) {
        co_return probe_error(kind::tls, "the TLS handshake failed: " + ec.message());
    }
    if (ec) {
        co_return probe_error(kind::broken, "the connection broke during the TLS handshake: " + ec.message());
    }
    co_return std::nullopt;
}

} // namespace evercert::net
