#pragma once
// What somebody asks our own responder (RFC 1035, RFC 6891): one packet, as it came, to a value. No I/O.
#include "core/ports/dns_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evercert::dns {

struct query {
    std::uint16_t id = 0;
    std::uint8_t opcode = 0;
    bool recursion_desired = false;
    bool checking_disabled = false;
    /// The question, unless it could not be read. `name_wire` has the letters' case as sent, which the reply
    /// repeats; `name` is lower case text to compare with.
    bool has_question = false;
    std::string name_wire;
    std::string name;
    std::uint16_t type = 0; ///< any type, not just those of dns_type
    std::uint16_t record_class = 0;
    bool edns = false;
    std::uint16_t payload = 512; ///< what the asker takes over UDP
    bool dnssec_ok = false;

    [[nodiscard]] bool asks_for(dns_type t) const noexcept { return type == static_cast<std::uint16_t>(t); }
};

enum class verdict {
    good,
    drop,            ///< no answer at all: an answer itself, or not even a header; answering would feed loops
    format_error,    ///< FORMERR
    not_implemented, ///< NOTIMP: another opcode
    refused,         ///< REFUSED: another class, or a transfer
    bad_version,     ///< BADVERS: an EDNS that does not exist yet
};

struct read_query {
    verdict what = verdict::drop;
    query asked; ///< filled in as far as it could be read
};

/// Takes any bytes; costs one pass over them.
read_query parse_query(std::string_view bytes);

/// The rcode of a verdict that is neither `good` nor `drop`, 16 for bad_version.
dns_rcode rcode_of(verdict what) noexcept;

} // namespace evercert::dns
