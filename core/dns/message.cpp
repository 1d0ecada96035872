#include "core/dns/message.hpp"

#include "core/base/text.hpp"
#include "core/dns/packet.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace evercert::dns {
namespace {

void scramble(std::string& name, random_source& random) {
    std::uint64_t bits = 0;
    unsigned left = 0;
    for (char& c : name) {
        // Lengths are below 64 and no letters.
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
            continue;
        }
        if (left == 0) {
            bits = random.next();
            left = 64;
        }
        c = static_cast<char>((static_cast<unsigned char>(c) & 0xDFU) | ((bits & 1U) != 0 ? 0x20U : 0U));
        bits >>= 1U;
        --left;
    }
}

std::string address_text(int family, std::string_view bytes) {
    char text[INET6_ADDRSTRLEN] = {};
    return ::inet_ntop(family, bytes.data(), text, sizeof text) != nullptr ? text : "";
}

/// Fills in what the record says; false if its data are not what its type wants. Names may point anywhere
/// towards the front, but must end where the data do.
bool read_data(std::string_view bytes, const raw_record& raw, dns_record& record) {
    wire_reader in(bytes.substr(0, raw.data + raw.length), raw.data);
    switch (record.type) {
    case dns_type::a:
        record.value = raw.length == 4 ? address_text(AF_INET, in.take(4)) : "";
        return raw.length == 4;
    case dns_type::aaaa:
        record.value = raw.length == 16 ? address_text(AF_INET6, in.take(16)) : "";
        return raw.length == 16;
    case dns_type::ns:
    case dns_type::cname:
        record.value = name_to_text(in.name());
        return in.good() && in.left() == 0;
    case dns_type::soa:
        record.value = name_to_text(in.name());
        (void)in.name();
        (void)in.take(20);
        return in.good() && in.left() == 0;
    case dns_type::txt:
        while (in.good() && in.left() > 0) {
            record.value += in.take(in.u8());
        }
        return in.good() && raw.length > 0;
    case dns_type::caa:
        record.caa_critical = (in.u8() & 0x80U) != 0;
        record.caa_tag = to_lower_ascii(in.take(in.u8()));
        record.value = in.take(in.left());
        return in.good() && !record.caa_tag.empty();
    }
    return false;
}

bool is_kept(unsigned type) noexcept {
    switch (static_cast<dns_type>(type)) {
    case dns_type::a:
    case dns_type::ns:
    case dns_type::cname:
    case dns_type::soa:
    case dns_type::txt:
    case dns_type::aaaa:
    case dns_type::caa:
        return true;
    }
    return false;
}

result<std::vector<dns_record>> read_section(std::string_view bytes, const std::vector<raw_record>& section) {
    std::vector<dns_record> records;
    for (const raw_record& raw : section) {
        if (raw.record_class != class_in || !is_kept(raw.type)) {
            continue;
        }
        dns_record record;
        record.name = name_to_text(raw.owner);
        record.type = static_cast<dns_type>(raw.type);
        // The upper half means nothing (RFC 2181 section 8).
        record.ttl = raw.ttl > 0x7FFFFFFFU ? 0 : raw.ttl;
        if (!read_data(bytes, raw, record)) {
            return fail(errc::protocol, "a DNS packet is garbled: a record is not what its type says",
                        record.name + " " + std::string(to_string(record.type)));
        }
        records.push_back(std::move(record));
    }
    return records;
}

} // namespace

result<std::string> make_question(const dns_question& what, question_options how, random_source& random) {
    auto name = name_to_wire(what.name);
    if (!name) {
        return fail(std::move(name.error()));
    }
    scramble(*name, random);
    std::string packet;
    put_u16(packet, static_cast<unsigned>(random.next() & 0xFFFFU));
    put_u16(packet, how.recursion ? flag::recursion_desired | flag::authentic_data : 0U);
    put_u16(packet, 1);
    put_u32(packet, 0);
    put_u16(packet, how.edns ? 1U : 0U);
    packet += *name;
    put_u16(packet, static_cast<unsigned>(what.type));
    put_u16(packet, class_in);
    if (how.edns) {
        packet.push_back('\0');
        put_u16(packet, type_opt);
        put_u16(packet, udp_payload);
        put_u32(packet, 0);
        put_u16(packet, 0);
    }
    return packet;
}

belongs answers_to(std::string_view question, std::string_view bytes) {
    wire_reader asked(question);
    wire_reader got(bytes);
    const unsigned id = asked.u16();
    const unsigned opcode = opcode_of(asked.u16());
    if (got.u16() != id || !got.good()) {
        return belongs::no;
    }
    const unsigned flags = got.u16();
    const unsigned questions = got.u16();
    if (!got.good() || (flags & flag::response) == 0 || opcode_of(flags) != opcode) {
        return belongs::no;
    }
    const auto code = static_cast<dns_rcode>(flags & 0xFU);
    if (questions == 0) {
        return code == dns_rcode::format_error || code == dns_rcode::not_implemented ? belongs::yes
                                                                                     : belongs::no;
    }
    wire_reader name(question, header_size);
    const std::size_t size = name.name(false).size() + 4;
    if (!name.good() || name.left() < 4) {
        return belongs::no;
    }
    const auto ours = question.substr(header_size, size);
    const auto theirs = bytes.substr(std::min(bytes.size(), header_size), size);
    if (questions != 1 || !equals_ignoring_case(ours, theirs)) {
        return belongs::no;
    }
    // The type and class must be equal even where their bytes look like letters.
    if (ours.substr(size - 4) != theirs.substr(size - 4)) {
        return belongs::no;
    }
    return ours == theirs ? belongs::yes : belongs::other_case;
}

result<read_answer> parse_answer(std::string_view bytes) {
    auto packet = walk_packet(bytes);
    if (!packet) {
        return fail(std::move(packet.error()));
    }
    if ((packet->flags & flag::response) == 0) {
        return fail(errc::protocol, "a DNS packet is no answer");
    }
    read_answer read;
    read.truncated = (packet->flags & flag::truncated) != 0;
    read.edns = packet->edns.has_value();
    read.answer.code = static_cast<dns_rcode>(packet->rcode());
    read.answer.authoritative = (packet->flags & flag::authoritative) != 0;
    read.answer.authenticated = (packet->flags & flag::authentic_data) != 0;
    struct part {
        const std::vector<raw_record>& from;
        std::vector<dns_record>& to;
    };
    for (const part& p :
         {part{packet->answers, read.answer.answers}, part{packet->authority, read.answer.authority},
          part{packet->additional, read.answer.additional}}) {
        auto records = read_section(bytes, p.from);
        if (!records) {
            return fail(std::move(records.error()));
        }
        p.to = std::move(*records);
    }
    return read;
}

} // namespace evercert::dns
