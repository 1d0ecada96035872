#pragma once
// One look at what a TLS server shows to a client that offers one protocol only, as a CA's tls-alpn-01 check
// does it (RFC 8737 section 3).
#include "core/base/async.hpp"
#include "core/base/time.hpp"
#include "core/model/endpoint.hpp"
#include "core/net/probe_error.hpp"

#include <string>

namespace evercert::net {

/// Both foreign.
struct alpn_sight {
    std::string protocol; ///< agreed on; empty: none
    std::string leaf;     ///< DER of the certificate, unverified; empty: none was shown
};

/// One handshake on a connection of its own. Cancelling closes it.
awaitable<probe_result<alpn_sight>> probe_alpn(endpoint where, std::string server_name, std::string protocol,
                                               milliseconds deadline);

} // namespace evercert::net
