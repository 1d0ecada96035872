#pragma once
// A TLS client that tells all it saw, and ClientHellos made by hand.
#include "core/base/async.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;

namespace evercert::testing {

struct tls_plan {
    std::string name; ///< SNI; empty: none
    std::vector<std::string> protocols{"acme-tls/1"};
    std::uint16_t oldest = 0x0303;
    std::uint16_t newest = 0x0304;
    std::size_t piece = 0;  ///< bytes that are sent at a time; 0: all
    std::size_t record = 0; ///< bytes of the ClientHello in a record; 0: as OpenSSL does it
    std::string leading{};  ///< sent before it

    tls_plan() = default;
    explicit tls_plan(std::string n) : name(std::move(n)) {}
};

struct tls_outcome {
    bool done = false;    ///< the handshake, as the client sees it
    int alert = 0;        ///< fatal one that the server sent; 0: none
    bool closed = false;  ///< with close_notify
    std::string protocol; ///< ALPN that the server chose
    std::uint16_t version = 0;
    std::string certificate; ///< DER
    bool resumable = false;
    bool connected = false;

    tls_outcome() = default;
};

/// OpenSSL's client without a socket.
class tls_client {
public:
    explicit tls_client(tls_plan plan);
    /// Takes what the server sent, and returns what is to be sent.
    std::string step(std::string_view input);
    [[nodiscard]] bool going_on() const noexcept { return going_on_; }

    tls_outcome outcome;

private:
    void look();

    struct freed {
        void operator()(ssl_st* ssl) const noexcept;
    };
    tls_plan plan_;
    std::unique_ptr<ssl_st, freed> ssl_;
    bool going_on_ = true;
    bool first_ = true;
};

/// A handshake with a server, and what follows until it closes.
awaitable<tls_outcome> shake_hands(asio::ip::tcp::endpoint where, tls_plan plan);

/// The ClientHello that OpenSSL sends, in its record.
std::string client_hello_of(tls_plan plan);
/// A handshake message, or part of one, in records of so many bytes.
std::string in_records(std::string_view message, std::size_t size);

} // namespace evercert::testing
