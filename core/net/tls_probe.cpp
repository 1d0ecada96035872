#include "core/net/tls_probe.hpp"

#include "core/net/watchdog.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace evercert::net {

namespace {

using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

std::string hex(const unsigned char* bytes, std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
        fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
    }
    return out;
}

/// The content octets of the DER INTEGER, as certificates are numbered everywhere else here.
std::string serial_of(X509* leaf) {
    unsigned char* der = nullptr;
    const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &der);
    std::string out;
    if (size > 2) {
        const std::size_t header = der[1] < 0x80 ? 2 : 2U + (der[1] & 0x7fU);
        if (header < static_cast<std::size_t>(size)) {
            out = hex(der + header, static_cast<std::size_t>(size) - header);
        }
    }
    OPENSSL_free(der);
    return out;
}

result<served_certificate> describe(SSL* ssl, const std::string& where) {
    X509* leaf = SSL_get1_peer_certificate(ssl);
    if (leaf == nullptr) {
        return fail(errc::tls, where + " showed no certificate in the TLS handshake");
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    served_certificate out;
    if (X509_digest(leaf, EVP_sha256(), digest.data(), &size) == 1) {
        out.fingerprint = hex(digest.data(), size);
    }
    out.serial = serial_of(leaf);
    X509_free(leaf);
    return out;
}

} // namespace

awaitable<result<served_certificate>> probe_tls(endpoint where, identifier name, milliseconds deadline) {
    const std::string text = to_string(where);
    error_code ec;
    const auto address = asio::ip::make_address(where.address, ec);
    if (ec) {
        co_return fail(errc::invalid_argument, "cannot probe " + text + ": not an IP address");
    }
    asio::ssl::context context(asio::ssl::context::tls_client);
    // Whatever the server serves is what we want to see, however weak.
    SSL_CTX_set_security_level(context.native_handle(), 0);
    const auto executor = co_await asio::this_coro::executor;
    asio::ssl::stream<asio::ip::tcp::socket> stream(executor, context);
    stream.set_verify_mode(asio::ssl::verify_none, ec);
    if (name.type == identifier::kind::dns) {
        std::string sni = name.wildcard() ? "evercert-probe." + name.base() : name.value;
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, sni.data());
    }
    watchdog timer(executor);
    auto close = [&stream] {
        error_code ignored;
        stream.next_layer().close(ignored);
    };
    timer.set(socket_clock() + deadline, std::move(close));
    const asio::ip::tcp::endpoint target(address, where.port);
    co_await stream.next_layer().async_connect(target, redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (timer.expired()) {
        co_return fail(errc::timed_out, "no connection to " + text + " in time");
    }
    if (ec) {
        co_return fail(errc::network, "cannot connect to " + text + ": " + ec.message());
    }
    co_await stream.async_handshake(asio::ssl::stream_base::client, redirect_error(use_awaitable, ec));
    throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    if (timer.expired()) {
        co_return fail(errc::timed_out, "the TLS handshake with " + text + " took too long");
    }
    if (ec) {
        const bool alert = ec.category() == asio::error::get_ssl_category();
        co_return fail(alert ? errc::tls : errc::network,
                       "the TLS handshake with " + text + " for " + name.value + " failed: " + ec.message());
    }
    co_return describe(stream.native_handle(), text);
}

} // namespace evercert::net
