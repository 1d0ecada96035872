#pragma once
// What a TLS client trusts, and what it learns about the peer while it decides.
#include "core/base/async.hpp"
#include "core/base/error.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include <memory>
#include <string>

namespace evercert::net {

/// TLS 1.2 or newer; roots from the system store and, if `trust` is not empty, from that PEM file. A file
/// that is missing, unreadable, empty or damaged is an error and never the system store alone.
result<std::shared_ptr<asio::ssl::context>> make_client_context(const std::string& trust);

/// The newest TLS session of an origin, so that the next connection to it is resumed.
class session_slot {
public:
    session_slot() = default;
    ~session_slot();
    session_slot(const session_slot&) = delete;
    session_slot& operator=(const session_slot&) = delete;

    void put(SSL_SESSION* owned) noexcept;
    [[nodiscard]] SSL_SESSION* get() const noexcept { return session_; }

private:
    SSL_SESSION* session_ = nullptr;
};

/// What the verification found wrong.
struct peer_record {
    int error = 0;       ///< X509_V_ERR_*, 0 if nothing
    std::string subject; ///< names of the leaf and the issuer of the certificate at fault; foreign text
    std::shared_ptr<session_slot> sessions;
};

/// Sets SNI, the name or address that the certificate must carry, session resumption and the recording of
/// faults. `record` must outlive `ssl`.
void prepare_handshake(SSL* ssl, const std::string& host, peer_record& record);

/// The error of a failed handshake, from Asio's code and what was recorded.
error handshake_error(const std::string& host, const boost::system::error_code& ec,
                      const peer_record& record);

} // namespace evercert::net
