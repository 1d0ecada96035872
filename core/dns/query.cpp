#include "core/dns/query.hpp"

#include "core/dns/packet.hpp"

#include <algorithm>

namespace evercert::dns {
namespace {

constexpr unsigned type_ixfr = 251;
constexpr unsigned type_axfr = 252;
/// An asker has little to add to its question: EDNS, a signature, and room to spare.
constexpr std::size_t most_records = 8;

/// Options are pairs of number and length (RFC 6891 section 6.1.2); what they say is not for us.
bool options_fit(std::string_view bytes, const raw_record& edns) {
    wire_reader in(bytes.substr(0, edns.data + edns.length), edns.data);
    while (in.good() && in.left() > 0) {
        (void)in.u16();
        (void)in.take(in.u16());
    }
    return in.good();
}

void read_header(wire_reader& in, query& asked, unsigned& flags) {
    asked.id = in.u16();
    flags = in.u16();
    asked.opcode = static_cast<std::uint8_t>(opcode_of(flags));
    asked.recursion_desired = (flags & flag::recursion_desired) != 0;
    asked.checking_disabled = (flags & flag::checking_disabled) != 0;
}

} // namespace

read_query parse_query(std::string_view bytes) {
    read_query out;
    query& asked = out.asked;
    unsigned flags = 0;
    wire_reader in(bytes);
    read_header(in, asked, flags);
    const unsigned questions = in.u16();
    const unsigned answers = in.u16();
    const unsigned authority = in.u16();
    if (bytes.size() < header_size || (flags & flag::response) != 0) {
        return out;
    }
    if (asked.opcode != opcode_query) {
        out.what = verdict::not_implemented;
        return out;
    }
    out.what = verdict::format_error;
    if (questions != 1 || answers != 0 || authority != 0) {
        return out; // RFC 9619: one question
    }
    wire_reader question(bytes, header_size);
    asked.name_wire = question.name(false);
    asked.type = question.u16();
    asked.record_class = question.u16();
    if (!question.good()) {
        return out;
    }
    asked.name = name_to_text(asked.name_wire);
    asked.has_question = true;
    const auto packet = walk_packet(bytes, most_records);
    if (!packet || packet->end != bytes.size()) {
        return out;
    }
    if (packet->edns) {
        const raw_record& edns = *packet->edns;
        asked.edns = true;
        asked.payload = static_cast<std::uint16_t>(std::max(512U, edns.record_class));
        asked.dnssec_ok = (edns.ttl & 0x8000U) != 0;
        if ((edns.ttl >> 16U & 0xFFU) != 0) {
            out.what = verdict::bad_version;
            return out;
        }
        if (!options_fit(bytes, edns)) {
            return out;
        }
    }
    const bool transfer = asked.type == type_ixfr || asked.type == type_axfr;
    out.what = asked.record_class != class_in || transfer ? verdict::refused : verdict::good;
    return out;
}

dns_rcode rcode_of(verdict what) noexcept {
    switch (what) {
    case verdict::format_error:
        return dns_rcode::format_error;
    case verdict::not_implemented:
        return dns_rcode::not_implemented;
    case verdict::refused:
        return dns_rcode::refused;
    case verdict::bad_version:
        return static_cast<dns_rcode>(16);
    case verdict::good:
    case verdict::drop:
        break;
    }
    return dns_rcode::no_error;
}

} // namespace evercert::dns
