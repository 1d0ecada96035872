#include "tests/support/tls_client.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace evercert::testing {

namespace {

SSL_CTX* any_version() {
    static SSL_CTX* const context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(made, 0); // TLS 1.0 too
        SSL_CTX_set_cipher_list(made, "ALL");
        return made;
    }();
    return context;
}

std::string drain(BIO* from) {
    std::string out(BIO_ctrl_pending(from), '\0');
    if (!out.empty()) {
        BIO_read(from, out.data(), static_cast<int>(out.size()));
    }
    return out;
}

} // namespace

void tls_client::freed::operator()(ssl_st* ssl) const noexcept {
    SSL_free(ssl);
}

tls_client::tls_client(tls_plan plan) : plan_(std::move(plan)), ssl_(SSL_new(any_version())) {
    SSL* ssl = ssl_.get();
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    SSL_set_min_proto_version(ssl, plan_.oldest);
    SSL_set_max_proto_version(ssl, plan_.newest);
    if (!plan_.name.empty()) {
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, plan_.name.data());
    }
    std::string offered;
    for (const auto& each : plan_.protocols) {
        offered += static_cast<char>(each.size()) + each;
    }
    if (!offered.empty() && SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offered.data()),
                                                static_cast<unsigned>(offered.size())) != 0) {
        throw std::runtime_error("bad protocols");
    }
}

std::string tls_client::step(std::string_view input) {
    SSL* ssl = ssl_.get();
    if (!input.empty()) {
        BIO_write(SSL_get_rbio(ssl), input.data(), static_cast<int>(input.size()));
    }
    ERR_clear_error();
    char byte = 0;
    const int answer = outcome.done ? SSL_read(ssl, &byte, 1) : SSL_do_handshake(ssl);
    const int error = SSL_get_error(ssl, answer);
    if (!outcome.done && answer == 1) {
        outcome.done = true;
        look();
    } else if (error != SSL_ERROR_WANT_READ) {
        going_on_ = false;
        outcome.closed = error == SSL_ERROR_ZERO_RETURN;
        const int reason = ERR_GET_REASON(ERR_peek_last_error());
        outcome.alert = reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : 0;
    }
    ERR_clear_error();
    std::string out = drain(SSL_get_wbio(ssl));
    if (first_ && plan_.record > 0 && out.size() > 5) {
        out = in_records(std::string_view(out).substr(5), plan_.record);
    }
    if (first_) {
        out = plan_.leading + out;
    }
    first_ = false;
    return out;
}

void tls_client::look() {
    SSL* ssl = ssl_.get();
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &size);
    outcome.protocol.assign(chosen, chosen + size);
    outcome.version = static_cast<std::uint16_t>(SSL_version(ssl));
    outcome.resumable = SSL_SESSION_is_resumable(SSL_get_session(ssl)) == 1;
    X509* shown = SSL_get1_peer_certificate(ssl);
    unsigned char* der = nullptr;
    const int length = i2d_X509(shown, &der);
    outcome.certificate.assign(der, der + std::max(length, 0));
    OPENSSL_free(der);
    X509_free(shown);
}

awaitable<tls_outcome> shake_hands(asio::ip::tcp::endpoint where, tls_plan plan) {
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    boost::system::error_code ec;
    co_await socket.async_connect(where, asio::redirect_error(asio::use_awaitable, ec));
    tls_client client(plan);
    client.outcome.connected = !ec;
    if (ec) {
        co_return client.outcome;
    }
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::array<char, 4096> space{};
    std::string input;
    for (;;) {
        const std::string output = client.step(input);
        const std::size_t piece = plan.piece > 0 ? plan.piece : std::max<std::size_t>(output.size(), 1);
        for (std::size_t at = 0; at < output.size() && !ec; at += piece) {
            const auto part = asio::buffer(output.data() + at, std::min(piece, output.size() - at));
            co_await asio::async_write(socket, part, asio::redirect_error(asio::use_awaitable, ec));
        }
        if (!client.going_on()) {
            co_return client.outcome;
        }
        if (client.outcome.done && !input.empty()) {
            input.clear(); // what came with the end of the handshake may hold more
            continue;
        }
        ec.clear();
        const auto n = co_await socket.async_read_some(asio::buffer(space),
                                                       asio::redirect_error(asio::use_awaitable, ec));
        if (ec) {
            co_return client.outcome;
        }
        input.assign(space.data(), n);
    }
}

std::string client_hello_of(tls_plan plan) {
    return tls_client(std::move(plan)).step({});
}

std::string in_records(std::string_view message, std::size_t size) {
    std::string out;
    for (; !message.empty(); message.remove_prefix(std::min(size, message.size()))) {
        const auto part = message.substr(0, size);
        out += {'\x16', '\x03', '\x01', static_cast<char>(part.size() >> 8U), static_cast<char>(part.size())};
        out += part;
    }
    return out;
}

} // namespace evercert::testing
