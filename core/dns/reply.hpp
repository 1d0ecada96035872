#pragma once
// Answers of our own responder, as bytes (RFC 1035, RFC 2181, RFC 6891). No I/O.
#include "core/dns/query.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evercert::dns {

/// A record to be sent. Made once and kept, if one likes: making it costs more than sending it.
struct reply_record {
    std::string owner; ///< on the wire, lower case
    std::uint16_t type = 0;
    std::uint32_t ttl = 0; ///< seconds
    std::string data;      ///< on the wire, without pointers
};

/// Numbers of a zone's SOA, in seconds but for the serial (RFC 1035 section 3.3.13, RFC 2308 section 4).
struct zone_numbers {
    std::uint32_t serial = 1;
    std::uint32_t refresh = 3600;
    std::uint32_t retry = 600;
    std::uint32_t expire = 604800;
    std::uint32_t negative_ttl = 1; ///< how long "there is nothing" is kept
};

/// errc::invalid_argument for a name or address that is none. A TXT value of any length is cut into strings
/// of 255 bytes.
result<reply_record> txt_record(std::string_view owner, std::uint32_t ttl, std::string_view value);
result<reply_record> address_record(std::string_view owner, std::uint32_t ttl, std::string_view address);
result<reply_record> ns_record(std::string_view owner, std::uint32_t ttl, std::string_view server);
result<reply_record> soa_record(std::string_view owner, std::uint32_t ttl, std::string_view primary,
                                std::string_view mailbox, zone_numbers numbers);
/// Flags 0 or 128 (critical); `tag` is letters and digits (RFC 8659 section 4.1).
result<reply_record> caa_record(std::string_view owner, std::uint32_t ttl, bool critical,
                                std::string_view tag, std::string_view value);

struct reply {
    dns_rcode code = dns_rcode::no_error;
    bool authoritative = true;
    std::vector<const reply_record*> answers; ///< must live until the packet is made
    std::vector<const reply_record*> authority;
    std::vector<const reply_record*> additional;
};

enum class over { udp, tcp };

/// The packet for `asked`: its id, its question as sent, EDNS if it had EDNS. What does not fit into what the
/// asker takes (over UDP at most 1232 bytes) is left out: of answers and authority all that follow too, with
/// TC set; of additional records without a word.
std::string make_reply(const query& asked, const reply& what, over path);

/// For a verdict that is neither `good` nor `drop`.
std::string make_refusal(const read_query& read);

/// Sends who asked this over UDP to TCP, in no more bytes than it sent. Empty for what is no good question.
std::string make_truncated(std::string_view packet);

} // namespace evercert::dns
