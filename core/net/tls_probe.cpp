#include "core/net/tls_probe.hpp"

#include "core/net/probe_connection.hpp"
#include "core/net/starttls.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace evercert::net {

namespace {

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

/// In the words of the port: what was tried, and what happened.
error explain(probe_error why, const std::string& where) {
    using kind = probe_error::kind;
    errc code = errc::network;
    switch (why.what) {
    case kind::silent:
    case kind::stalled:
        code = errc::timed_out;
        break;
    case kind::tls:
        code = errc::tls;
        break;
    case kind::garbage:
        code = errc::protocol;
        break;
    case kind::unwilling:
        code = errc::refused;
        break;
    case kind::refused:
    case kind::no_way:
    case kind::broken:
        break;
    }
    return {code, "asking " + where + " for its certificate: " + why.words, std::move(why.foreign)};
}

/// Whether it arrives does not matter: the certificate has been seen.
awaitable<void> take_leave(connection& link, tls_start how) {
    if (const std::string_view words = farewell(how); !words.empty()) {
        boost::system::error_code ignored;
        co_await asio::async_write(link.tls(), asio::buffer(words),
                                   asio::redirect_error(asio::use_awaitable, ignored));
        throw_if_cancelled(co_await asio::this_coro::cancellation_state);
    }
}

} // namespace

awaitable<result<served_certificate>> probe_tls(verify_target target, identifier name,
                                                milliseconds deadline) {
    const std::string text = to_string(target);
    error_code ec;
    asio::ip::make_address(target.where.address, ec);
    if (ec) {
        co_return fail(errc::invalid_argument, "cannot probe " + text + ": not an IP address");
    }
    const auto executor = co_await asio::this_coro::executor;
    // Whatever the server serves is what we want to see, however weak.
    connection link(executor, unverified_context(), nullptr);
    auto failed = co_await connect_probe(link, std::move(target.where), socket_clock() + deadline);
    if (!failed) {
        failed = co_await start_tls(link, target.how);
    }
    if (failed) {
        co_return fail(explain(std::move(*failed), text));
    }
    std::string server_name;
    if (name.type == identifier::kind::dns) {
        server_name = name.wildcard() ? "evercert-probe." + name.base() : name.value;
    }
    failed = co_await handshake_probe(link, std::move(server_name), std::string());
    if (failed) {
        co_return fail(explain(std::move(*failed), fmt::format("{} (for {})", text, name.value)));
    }
    auto seen = describe(link.tls().native_handle(), text);
    co_await take_leave(link, target.how);
    co_return seen;
}

} // namespace evercert::net
