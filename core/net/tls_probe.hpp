#pragma once
#include "core/base/async.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/identifier.hpp"
#include "core/model/verify_target.hpp"

#include <string>

namespace evercert::net {

/// What a TLS server showed.
struct served_certificate {
    std::string fingerprint; ///< lower-case hex SHA-256 of the leaf's DER
    std::string serial;      ///< lower-case hex
};

/// One TLS handshake with SNI (none for IP identifiers), the certificate taken unverified: the question is
/// which one is served, not whether it is trusted. Errors: timed_out, network; tls (no handshake); by
/// STARTTLS also refused (the server does not offer it, or will not begin) and protocol.
awaitable<result<served_certificate>> probe_tls(verify_target target, identifier name, milliseconds deadline);

} // namespace evercert::net
