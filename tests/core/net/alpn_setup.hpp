#pragma once
// A listener on loopback that shows certificates for the names it is given.
#include "core/crypto/alpn_certificate.hpp"
#include "core/net/alpn_listener.hpp"
#include "tests/core/net/fixture.hpp"
#include "tests/support/recorded_events.hpp"
#include "tests/support/tls_client.hpp"

#include <cerrno>
#include <map>
#include <sys/socket.h>

namespace evercert::testing {

struct alpn_setup {
    alpn_setup() { start(net::alpn_limits()); }

    void start(net::alpn_limits limits) {
        auto find = [this](std::string_view name) -> std::optional<net::tls_identity> {
            ++lookups;
            const auto found = identities.find(std::string(name));
            return found == identities.end() ? std::nullopt : std::optional(found->second);
        };
        listener = net::make_alpn_listener(loop.get_executor(), events, limits, "acme-tls/1", find);
        REQUIRE(listener->listen(endpoint{"127.0.0.1", 0}).has_value());
        where = tcp::endpoint(asio::ip::address_v4::loopback(),
                              parse_endpoint(listener->addresses().at(0)).value().port);
    }

    /// Its certificate, DER.
    std::string serve(const std::string& name) {
        const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);
        auto made = std::make_shared<crypto::certificate>(
            crypto::make_alpn_certificate(key, parse_identifier(name).value(), "t.x", now).value());
        net::tls_identity identity;
        identity.certificate = std::shared_ptr<x509_st>(made, made->native());
        identity.key = std::shared_ptr<evp_pkey_st>(std::make_shared<crypto::key>(key), key.native());
        identity.on_shown = [this] { ++shown; };
        identities[name] = identity;
        return made->der();
    }

    tls_outcome shake(const tls_plan& plan) {
        auto out = run(loop, shake_hands(where, plan));
        loop.poll(); // what the server still has to do
        return out;
    }
    std::string ask(const std::string& bytes) { return run(loop, converse(where, bytes, false)); }

    asio::io_context loop;
    recorded_events events;
    crypto::key key = crypto::key::generate(key_type::ecdsa_p256).value();
    std::map<std::string, net::tls_identity> identities;
    std::size_t shown = 0;
    std::size_t lookups = 0;
    tcp::endpoint where;
    std::unique_ptr<net::alpn_listener> listener;
};

/// A connection that sends some bytes and then holds still.
inline std::unique_ptr<tcp::socket> stall(asio::io_context& loop, tcp::endpoint where,
                                          const std::string& bytes) {
    auto socket = std::make_unique<tcp::socket>(loop);
    socket->connect(where);
    socket->send(asio::buffer(bytes));
    run_for(loop, milliseconds(2));
    return socket;
}

/// What a held connection gets next; nullopt when the peer has closed it.
inline std::optional<std::string> next(asio::io_context& loop, tcp::socket& socket) {
    std::string space(16384, '\0');
    ssize_t n = 0;
    bool came = false;
    run_until(loop, [&] {
        if (!came) {
            n = ::recv(socket.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
            came = n >= 0 || errno != EAGAIN;
        }
        return came;
    });
    REQUIRE(came);
    return n <= 0 ? std::nullopt : std::optional(space.substr(0, static_cast<std::size_t>(n)));
}

/// Whether a held connection is open and gets nothing for a short while.
inline bool quiet(asio::io_context& loop, tcp::socket& socket) {
    run_for(loop, milliseconds(5));
    char byte = 0;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

} // namespace evercert::testing
