#pragma once
// Signed packets (RFC 8945): one request, one answer. No I/O, and the time is passed in.
#include "core/base/time.hpp"
#include "core/dns/packet.hpp"
#include "core/ports/dns_client.hpp"

#include <string>
#include <string_view>

namespace evercert::dns {

/// How far the clocks of both sides may be apart (RFC 8945 section 10).
inline constexpr seconds tsig_fudge{300};

struct signed_packet {
    std::string bytes;
    std::string mac; ///< the answer's signature covers it
};

/// Signs a packet that has no signature. errc::invalid_argument if the key's name is none, or it has no
/// secret.
result<signed_packet> sign_packet(std::string packet, const tsig_key& key, wall_time now);

/// Whether an answer (`packet` is what `walk_packet` found in `bytes`) is signed by who has the key, and for
/// this request. errc::protocol: it is not signed, or not so; errc::refused: the server does not know the key
/// or finds another signature, which nobody can sign; errc::out_of_time: signed, and the clocks do not agree.
result<void> check_signature(std::string_view bytes, const raw_packet& packet, const signed_packet& request,
                             const tsig_key& key, wall_time now);

} // namespace evercert::dns
