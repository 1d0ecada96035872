#pragma once
#include "core/model/endpoint.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace evercert {

/// What is spoken before TLS begins.
enum class tls_start : std::uint8_t {
    at_once, ///< nothing: "tls://", or no word at all
    smtp,    ///< STARTTLS, RFC 3207
    lmtp,    ///< the same after LHLO, RFC 2033
    imap,    ///< STARTTLS, RFC 9051 section 6.2.1
    pop3,    ///< STLS, RFC 2595 section 4
};

/// Where and how a server shows its certificate: "127.0.0.1:443", "smtp://127.0.0.1:25".
struct verify_target {
    endpoint where;
    tls_start how = tls_start::at_once;

    verify_target() = default;
    verify_target(endpoint place, tls_start start = tls_start::at_once)
        : where(std::move(place)), how(start) {}

    friend bool operator==(const verify_target&, const verify_target&) = default;
};

/// Refuses unknown words, host names and port 0, each with what is allowed.
result<verify_target> parse_verify_target(std::string_view text);
/// As it is parsed; without a word where TLS begins at once.
std::string to_string(const verify_target& target);

} // namespace evercert
