#pragma once
// Internal to core/preflight: what one address showed of what we had put up.
#include "core/net/probe_error.hpp"
#include "core/preflight/inquiry.hpp"

#include <string>

namespace evercert::survey {

struct verdict {
    enum class kind {
        shown,       ///< just what a CA wants to see
        no_ipv6,     ///< this machine could not look
        late,        ///< there was no time left for it
        unconnected, ///< no connection
        wrong,       ///< something else
    };

    kind what = kind::wrong;
    std::string address;
    std::string looked_at;
    std::string seen;
    std::string change;
};

/// What is put up to be looked at.
struct proof {
    identifier name;
    std::string token;
    std::string key_authorization;
};

/// Fills in what a look that came to nothing means. `port` is the one a CA goes to, `had` the time it was
/// given.
void tell_failure(const inquiry& in, const net::probe_error& why, unsigned port, milliseconds had,
                  verdict& out);

/// A challenge path at one address, with the redirects that a CA follows: at most 10, http and https on
/// their own ports, no bare addresses; whatever certificate (RFC 8555 section 8.3).
awaitable<verdict> look_by_http(const inquiry& in, proof shown, std::string address);

/// A handshake with one address that offers acme-tls/1 only (RFC 8737 section 3, RFC 8738 section 6).
awaitable<verdict> look_by_alpn(const inquiry& in, proof shown, std::string address);

} // namespace evercert::survey
