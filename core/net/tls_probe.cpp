#include "core/net/tls_probe.hpp"

#include "core/net/probe_connection.hpp"

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
error explain(const probe_error& why, const std::string& where) {
    using kind = probe_error::kind;
    const bool late = why.what == kind::silent || why.what == kind::stalled;
    const errc code = late ? errc::timed_out : why.what == kind::tls ? errc::tls : errc::network;
    return {code, "asking " + where + " for its certificate: " + why.words};
}

} // namespace

awaitable<result<served_certificate>> probe_tls(endpoint where, identifier name, milliseconds deadline) {
    const std::string text = to_string(where);
    error_code ec;
    asio::ip::make_address(where.address, ec);
    if (ec) {
        co_return fail(errc::invalid_argument, "cannot probe " + text + ": not an IP address");
    }
    const auto executor = co_await asio::this_coro::executor;
    // Whatever the server serves is what we want to see, however weak.
    connection link(executor, unverified_context(), nullptr);
    auto failed = co_await connect_probe(link, std::move(where), socket_clock() + deadline);
    if (failed) {
        co_return fail(explain(*failed, text));
    }
    std::string server_name;
    if (name.type == identifier::kind::dns) {
        server_name = name.wildcard() ? "evercert-probe." + name.base() : name.value;
    }
    failed = co_await handshake_probe(link, std::move(server_name), std::string());
    if (failed) {
        co_return fail(explain(*failed, fmt::format("{} (for {})", text, name.value)));
    }
    co_return describe(link.tls().native_handle(), text);
}

} // namespace evercert::net
