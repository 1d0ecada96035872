#pragma once
// A TLS server that shows certificates and does nothing else (RFC 8737 section 4).
#include "core/net/http_server.hpp"
#include "core/net/server_handshake.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::net {

struct alpn_limits {
    std::size_t connections = 4096; ///< beyond it the longest-silent one makes room
    std::size_t per_source = 1024;  ///< per IPv4 address or IPv6 /64
    /// How many TLS handshakes go on at a time; others wait for their turn within their lifetime. A stalled
    /// one costs what a hundred half ClientHellos do.
    std::size_t handshakes = 128;
    milliseconds lifetime = seconds(3); ///< of a connection, from accept to close
};

/// What to show for a server name (SNI, in lower case), if anything. Runs on the loop thread.
using identity_lookup = std::function<std::optional<tls_identity>(std::string_view server_name)>;

/// Completes the handshake with clients that offer the one protocol and no other and ask for a name that has
/// an identity, then says close_notify and closes; `on_shown` is called when the last bytes of the handshake
/// are with the kernel. All others get a fatal alert (no_application_protocol, unrecognized_name or what is
/// wrong with the bytes) as soon as it is clear, and cost no TLS object: the ClientHello is read first. With
/// severity::debug, what was turned away and what failed is said in the event alpn.turned_away; when
/// descriptors run out, once in ten minutes, in alpn.descriptors_exhausted.
class alpn_listener {
public:
    virtual ~alpn_listener() = default;
    /// As http_server::listen.
    virtual result<void> listen(listen_address where) = 0;
    /// Stops accepting, closes connections that have not said what they want, and lets handshakes under way
    /// finish until their deadline. `listen` may be called again afterwards.
    virtual awaitable<void> stop() = 0;
    [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
    [[nodiscard]] virtual server_counters counters() const = 0;
};

/// Throws std::runtime_error if OpenSSL cannot do TLS at all. `find` and `events` are not used any more when
/// the listener has gone.
std::unique_ptr<alpn_listener> make_alpn_listener(const asio::any_io_executor& executor, event_sink& events,
                                                  alpn_limits limits, std::string protocol,
                                                  identity_lookup find);

} // namespace evercert::net
