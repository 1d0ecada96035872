#include "core/net/alpn_probe.hpp"

#include "core/net/probe_connection.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace evercert::net {
namespace {

alpn_sight describe(SSL* ssl) {
    alpn_sight out;
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    out.protocol.assign(protocol, protocol + size);
    X509* leaf = SSL_get1_peer_certificate(ssl);
    unsigned char* der = nullptr;
    const int length = leaf == nullptr ? 0 : i2d_X509(leaf, &der);
    if (length > 0) {
        out.leaf.assign(der, der + length);
    }
    OPENSSL_free(der);
    X509_free(leaf);
    return out;
}

} // namespace

awaitable<probe_result<alpn_sight>> probe_alpn(endpoint where, std::string server_name, std::string protocol,
                                               milliseconds deadline) {
    const auto executor = co_await asio::this_coro::executor;
    connection link(executor, unverified_context(), nullptr);
    auto failed = co_await connect_probe(link, std::move(where), socket_clock() + deadline);
    if (failed) {
        co_return std::unexpected(std::move(*failed));
    }
    failed = co_await handshake_probe(link, std::move(server_name), std::move(protocol));
    if (failed) {
        co_return std::unexpected(std::move(*failed));
    }
    co_return describe(link.tls().native_handle());
}

} // namespace evercert::net
