#pragma once
// Where everything lies in a packet (RFC 1035 section 4.1, RFC 6891, RFC 8945): its header, its question and
// the places of its records, found and checked before anybody looks into them.
#include "core/dns/wire.hpp"

#include <optional>
#include <vector>

namespace evercert::dns {

namespace flag {
inline constexpr unsigned response = 0x8000;
inline constexpr unsigned authoritative = 0x0400;
inline constexpr unsigned truncated = 0x0200;
inline constexpr unsigned recursion_desired = 0x0100;
inline constexpr unsigned recursion_available = 0x0080;
inline constexpr unsigned authentic_data = 0x0020;
inline constexpr unsigned checking_disabled = 0x0010;
} // namespace flag

inline constexpr unsigned opcode_query = 0;
inline constexpr unsigned opcode_update = 5;
constexpr unsigned opcode_of(unsigned flags) noexcept {
    return flags >> 11U & 0xFU;
}

inline constexpr unsigned type_opt = 41;
inline constexpr unsigned type_tsig = 250;
inline constexpr unsigned class_in = 1;
inline constexpr unsigned class_none = 254;
inline constexpr unsigned class_any = 255;

/// What we say and accept over UDP: it fits into one frame on nearly every path (dnsflagday.net, 2020).
inline constexpr std::size_t udp_payload = 1232;

/// A record's place; `data` and what follows count from the packet's front.
struct raw_record {
    std::string owner; ///< on the wire, case as sent
    unsigned type = 0;
    unsigned record_class = 0;
    std::uint32_t ttl = 0;
    std::size_t start = 0;
    std::size_t data = 0;
    std::size_t length = 0; ///< of the data
};

struct raw_packet {
    unsigned id = 0;
    unsigned flags = 0;
    unsigned questions = 0;
    std::size_t question_end = header_size;
    std::vector<raw_record> answers;
    std::vector<raw_record> authority;
    std::vector<raw_record> additional; ///< without edns and tsig
    std::optional<raw_record> edns;
    std::optional<raw_record> tsig;
    std::size_t end = 0; ///< what lies behind it belongs to no record

    /// With EDNS's upper bits.
    [[nodiscard]] unsigned rcode() const noexcept;
};

/// errc::protocol if counts, names or lengths lead out of the packet, if there are more than `most_records`
/// records, more than one OPT, or a TSIG that is not the last. The header alone is read of less than a whole.
result<raw_packet> walk_packet(std::string_view bytes, std::size_t most_records = 2000);

} // namespace evercert::dns
