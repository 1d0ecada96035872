#pragma once
// The server's side of one TLS handshake: bytes in, bytes out, no I/O.
#include "core/base/error.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace evercert::net {

/// What a server shows for one name.
struct tls_identity {
    std::shared_ptr<x509_st> certificate;
    std::shared_ptr<evp_pkey_st> key;
    std::function<void()> on_shown; ///< a peer has completed a handshake with it; may be empty

    tls_identity() = default;
};

struct ssl_context_freed {
    void operator()(ssl_ctx_st* context) const noexcept;
};
struct ssl_freed {
    void operator()(ssl_st* ssl) const noexcept;
};
using ssl_context = std::unique_ptr<ssl_ctx_st, ssl_context_freed>;

/// For server_handshake: TLS 1.2 and 1.3, no sessions to be resumed, no renegotiation. Throws
/// std::runtime_error if OpenSSL cannot.
ssl_context make_handshake_context();

/// Costs about 50 KiB while it lives.
class server_handshake {
public:
    enum class state { more, done, failed };

    /// Fails unless the client asks for this name and offers this protocol and no other (RFC 8737 section 3).
    server_handshake(ssl_ctx_st* context, const tls_identity& shown, std::string name, std::string protocol);
    server_handshake(const server_handshake&) = delete;
    server_handshake& operator=(const server_handshake&) = delete;

    /// Takes what the peer sent. When it is done or has failed, the last of `take_output` ends with an alert:
    /// close_notify, or why.
    state feed(std::string_view bytes);
    /// What is to be sent now.
    std::string take_output();
    /// OpenSSL's word for what failed.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// Whether the client asks for the name, and whether these protocols, as they stand in its hello, are the
    /// one.
    [[nodiscard]] bool suits(std::string_view offered) const;

private:
    std::string name_;
    std::string protocol_;
    std::unique_ptr<ssl_st, ssl_freed> ssl_;
    std::string reason_;
    bool usable_ = false;
};

} // namespace evercert::net
